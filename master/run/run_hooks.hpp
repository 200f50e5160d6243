#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"

namespace harmonic {

/// What the program lends to a run.
struct RunHooks {
  /// The words that started the program, without its own: to be typed again for going on.
  std::vector<std::string> program = {"harmonic"};
  /// The config files that were given, for commands that the user is told to type.
  std::vector<std::string> configs = {};
  /// Called while nothing arrives: in a world of one it polls the worker.
  std::function<void()> idle = [] {};
  /// Finds fault with the paths of input files, which only the options know as they were given. @throws InputError
  std::function<void()> check_paths = [] {};
  /// Finds fault with what the master itself cannot open: the supernets' weights. Called before the run directory is
  /// touched. @throws InputError
  std::function<void()> check = [] {};
  /// True once the run is to stop early (stop_signal_seen).
  std::function<bool()> stop = [] { return false; };
  /// Called at the end when a worker is lost: MPI must not be finalised (MpiSession::take_down).
  std::function<void()> abandon = [] {};
  /// Whether the weights of a model that the run keeps are there and whole. Damaged ones are moved out of the way, so
  /// that they can be kept anew.
  std::function<bool(const std::filesystem::path& run, CandidateId model)> has_model = [](const auto&, auto) {
    return true;
  };
  /// Writes the report of a run directory, of one that goes on or of what it came to, and says where it is. Called by a
  /// thread of its own while the run goes on.
  std::function<std::filesystem::path(const std::filesystem::path& run, bool goes_on)> report;
};

}  // namespace harmonic
