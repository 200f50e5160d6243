#pragma once

#include <filesystem>
#include <functional>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"
#include "core/mpi/mailbox.hpp"

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

/// A whole search as rank 0 runs it: `done` when it ended by itself, `stopped` after a signal or the time limit, with
/// all that was finished on disk. Prints the front, or with `json` one JSON object, on stdout. However it ends, workers
/// have been sent home.
/// @throws InputError, RunError
[[nodiscard]] ExitCode run_master(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks);

}  // namespace harmonic
