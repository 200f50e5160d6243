#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/work/clock.hpp"
#include "core/work/work.hpp"

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
  /// True once what is under way is not to be waited for then (stop_is_urgent).
  std::function<bool()> hurry = [] { return false; };
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
  /// Hears of every answer of a worker, once it is on disk: who measures.
  std::function<void(const Task& task, const Result& result)> heard = [](const auto&, const auto&) {};
  /// Takes what stdout gets in the end, as JSON, where that is not to be printed.
  std::function<void(const std::string& result)> result;
  Clock clock = steady_clock();                 ///< that the run and its dispatcher go by
  bool is_real_time = true;                     ///< what that clock tells: a Slurm job's end is on it, too
  std::function<void()> pause = pause_briefly;  ///< while nothing arrives
  std::optional<double> lease_s = {};           ///< in place of the settings', which are kept as they were given
  bool is_kept = true;                          ///< the run directory outlives the run, which can be gone on with
  bool believe_input_faults = false;            ///< as DispatchOptions has it
};

}  // namespace harmonic
