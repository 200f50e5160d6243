#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"

namespace harmonic {

/// harmonic supernet train|import|eval, and the help of all actions; `sweep`, which needs a master, is the program's
/// own. `args` are the words after the subcommand. Under mpirun every rank runs it; `train` shares the work, and rank 0
/// alone prints and writes.
/// @param program the words that started the program
/// @param abandon_mpi called when a rank is lost, so that MPI can no longer be finalised
/// @throws InputError, RunError: main turns them into one line on stderr and an exit code.
ExitCode supernet_command(const std::vector<std::string>& args, const std::vector<std::string>& program,
                          const std::function<void()>& abandon_mpi);

/// harmonic lut profile|kit|validate; rank 0 alone does it. `args` are the words after the subcommand.
/// @throws InputError, RunError
ExitCode lut_measuring_command(const std::vector<std::string>& args);

/// A model of a run whose weights are there.
struct RunModel {
  SearchSettings settings;       ///< of the run, fitted to its samples
  std::filesystem::path folder;  ///< models/<id>
  std::string data_hash;         ///< of the data it was trained on; empty where the run does not tell
};
/// @throws InputError: no such run, no such model, or its weights were not kept
using FindModel = std::function<RunModel(const std::string& run, const std::string& id)>;

/// harmonic evaluate. @param evaluated called with the run's folder once the result lies beside the model
/// @throws InputError, RunError
ExitCode evaluate_command(const std::vector<std::string>& args, const FindModel& find_model,
                          const std::function<void(const std::string& run)>& evaluated);

/// harmonic export. @throws InputError, RunError
ExitCode export_command(const std::vector<std::string>& args, const FindModel& find_model);

}  // namespace harmonic
