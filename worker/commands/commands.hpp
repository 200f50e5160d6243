#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace harmonic {

/// harmonic supernet train|import|eval, and the help of all actions; `sweep`, which needs a master, is the program's
/// own. `args` are the words after the subcommand. Under mpirun every rank runs it; `train` shares the work, and rank 0
/// alone prints and writes.
/// @param program the words that started the program
/// @param abandon_mpi called when a rank is lost, so that MPI can no longer be finalised
/// @throws InputError, RunError: main turns them into one line on stderr and an exit code.
ExitCode supernet_command(const std::vector<std::string>& args, const std::vector<std::string>& program,
                          const std::function<void()>& abandon_mpi);

}  // namespace harmonic
