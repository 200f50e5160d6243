#pragma once

#include <filesystem>
#include <functional>

namespace harmonic {

/// What the program lends to a run.
struct RunHooks {
  /// Called while nothing arrives: in a world of one it polls the worker.
  std::function<void()> idle = [] {};
  /// Finds fault with what the master itself cannot open: the supernets' weights. Called before the run directory is
  /// touched. @throws InputError
  std::function<void()> check = [] {};
  /// True once the run is to stop early (stop_signal_seen).
  std::function<bool()> stop = [] { return false; };
  /// Called at the end when a worker is lost: MPI must not be finalised (MpiSession::take_down).
  std::function<void()> abandon = [] {};
  /// Writes the report of a run directory and says where it is.
  std::function<std::filesystem::path(const std::filesystem::path& run)> report;
};

}  // namespace harmonic
