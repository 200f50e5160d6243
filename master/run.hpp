#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"
#include "core/mpi/mailbox.hpp"
#include "master/run_plan.hpp"

namespace harmonic {

/// What the program lends to a run.
struct RunHooks {
  /// Called while nothing arrives: in a world of one it polls the worker.
  std::function<void()> idle = [] {};
  /// True once the run is to stop early (stop_signal_seen).
  std::function<bool()> stop = [] { return false; };
  /// Called at the end when a worker is lost: MPI must not be finalised (MpiSession::abandon).
  std::function<void()> abandon = [] {};
  /// Writes the report of a run directory and says where it is.
  std::function<std::filesystem::path(const std::filesystem::path& run)> report;
};

/// A whole run as rank 0 leads it: asks the plan, deals its work, journals the answers and tells them. `done` when it
/// ended by itself, `stopped` after a signal or the time limit, with all that was finished on disk. Prints the plan's
/// result, or with `json` one JSON object, on stdout. However it ends, workers have been sent home.
/// @param make called once the workers can be sent home, so that they are when it throws
/// @throws InputError, RunError
[[nodiscard]] ExitCode lead_run(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks,
                                const std::function<std::unique_ptr<RunPlan>()>& make);

}  // namespace harmonic
