#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"
#include "core/mpi/mailbox.hpp"
#include "master/run/run_config.hpp"
#include "master/run/run_hooks.hpp"
#include "master/run/run_inputs.hpp"
#include "master/run/run_plan.hpp"

namespace harmonic {

/// What makes a run the run of a command.
struct RunRecipe {
  std::string command;  ///< "search", "reproduce"
  RunConfig config;
  /// Opens and checks what the user gave. @throws InputError
  std::function<RunInputs()> open_inputs;
  enum class Start {
    checkpoint,  ///< where the files of a run that is resumed left it
    journal,     ///< at its beginning: the journal tells again what was found
  };
  std::function<std::unique_ptr<RunPlan>(const RunInputs& inputs, const RunPaths& paths, Start start)> make_plan;
};

/// A whole run as rank 0 leads it: asks the plan, deals its work, journals the answers and tells them. `done` when it
/// ended by itself, `stopped` after a signal or the time limit, with all that was finished on disk. Prints the plan's
/// result, or with `json` one JSON object, on stdout. However it ends, workers have been sent home. A run that is
/// refused (InputError) before any work was done leaves its directory as it was.
/// @throws InputError, RunError
[[nodiscard]] ExitCode lead_run(const SearchSettings& settings, const RunRecipe& recipe, Mailbox& mailbox,
                                const RunHooks& hooks);

}  // namespace harmonic
