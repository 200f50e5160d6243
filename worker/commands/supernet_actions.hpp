#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/error.hpp"

namespace harmonic {

using Arguments = std::vector<std::string>;

/// The actions of `harmonic supernet` that have a file of their own. Each takes the words after its name.
/// @param program the words that started the program, for the line that goes on with what was stopped
/// @param abandon_mpi called when a rank is lost, so that MPI can no longer be finalised
ExitCode supernet_train(const Arguments& args, const std::vector<std::string>& program,
                        const std::function<void()>& abandon_mpi);
ExitCode supernet_eval(const Arguments& args);

}  // namespace harmonic
