#pragma once

#include <utility>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/work/clock.hpp"
#include "master/run/run_plan.hpp"
#include "master/search/evolution.hpp"

namespace harmonic {

/// What a person sees while a search runs: how far it is; a log line a generation.
class Progress {
 public:
  explicit Progress(const EvolutionSettings& settings) : settings_(settings) {}

  void batch(const Evolution& search, const std::vector<Task>& tasks);
  /// Work beside that, or after it.
  void more(const Evolution& search, const std::vector<Task>& tasks);
  void told(const Task& task, const Result& result);
  [[nodiscard]] ProgressLine line(const Evolution& search, const WorkerCount& workers) const;
  /// The log line of a generation that ended. @param hypervolume of the front so far @param reference of it, in words
  void generation_done(const Evolution& search, double hypervolume, const std::string& reference);

 private:
  struct Mean {
    double sum = 0;
    int count = 0;
    [[nodiscard]] double value() const { return count == 0 ? 0 : sum / count; }
  };
  /// Of a piece of the batch; of the first ones by what is done of them. 0: not known yet
  [[nodiscard]] double part_s(const Mean& known, const WorkerCount& workers) const;
  /// Whether there is something to tell the time left by.
  [[nodiscard]] bool tells_time(const Evolution& search, const WorkerCount& workers) const;
  /// Of a fusion search, likewise.
  [[nodiscard]] double fusion_s(const Evolution& search, const WorkerCount& workers) const;
  /// @param a_fusion_s seconds of a fusion search
  [[nodiscard]] double seconds_left(const Evolution& search, const WorkerCount& workers, double a_fusion_s) const;
  [[nodiscard]] int models() const;  ///< of the whole search, when none fails

  EvolutionSettings settings_;
  Clock clock_ = steady_clock();
  double start_s_ = clock_(), batch_start_s_ = start_s_;
  double hypervolume_ = 0;
  std::pair<int, Evolution::Phase> batch_of_{};      ///< generation and phase
  std::size_t batch_size_ = 0, batch_done_ = 0;      ///< tasks; fusion: models, several of which may be one task
  std::size_t groups_ = 0;                           ///< backbone tasks of the last generation
  Mean group_s_, fusion_s_, retraining_s_, test_s_;  ///< of a backbone task; of a model; of a retraining; of a test
};

}  // namespace harmonic
