#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include <torch/types.h>

#include "worker/backbone/supernet.hpp"
#include "worker/group/collectives.hpp"
#include "worker/train/supernet_validation.hpp"
#include "worker/train/training_data.hpp"
#include "worker/train/training_settings.hpp"
#include "worker/train/training_state.hpp"

namespace harmonic {

/// How far a training is.
struct TrainingProgress {
  int epoch = 0;  ///< done, from 1; 0 within the first
  int epochs = 0;
  double share = 0;            ///< of the epoch under way that is done, below 1
  double loss = 0;             ///< of the largest, mean over the last epoch that is done
  double seconds_left = 0;     ///< at the pace since the start or the resume
  double largest_percent = 0;  ///< validation, recalibrated; of the last time it was measured
  double smallest_percent = 0;
  bool validating = false;  ///< from now on
};

/// What an epoch of a training came to.
struct TrainedEpoch {
  int epoch = 0;             ///< from 1
  double learning_rate = 0;  ///< in its last step
  /// Of the sub-networks of a step by the labels, mean over the steps; the random ones' mean. Nothing of what a space
  /// without genes, or a step, does not have.
  struct Losses {
    double largest = 0;
    std::optional<double> smallest = {}, random = {};
    bool operator==(const Losses&) const = default;
  } losses;
  std::optional<SupernetValidation::Percents> validated = {};  ///< where it was

  bool operator==(const TrainedEpoch&) const = default;
};

/// What a training does besides: whom it tells, when it stops, what it leaves on disk.
struct TrainingControl {
  /// After every step, and before every validation; rank 0 only.
  std::function<void(const TrainingProgress&)> report = [](const TrainingProgress&) {};
  /// After every epoch, validated or not; rank 0 only.
  std::function<void(const TrainedEpoch&)> epoch_done = [](const TrainedEpoch&) {};
  /// Asked at every step; when it says so on any rank, all stop after that step.
  std::function<bool()> stop = [] { return false; };
  std::filesystem::path state_file;  ///< rank 0 writes it; empty: none
  TrainingSource source;             ///< noted in it
  double save_every_s = 30;          ///< the state to that file, and once more when it stops
  bool resume = false;               ///< go on from that file when there is one
  /// Sees every step's gradients, summed over the ranks, before they are clipped and used. (P)
  std::function<void(const torch::Tensor&)> inspect = [](const torch::Tensor&) {};
};

/// Where the time of the steps went, on this rank. The rest of `seconds` is computation.
struct StepTimes {
  std::int64_t steps = 0;
  double seconds = 0;
  double gradient_wait_s = 0;    ///< for sums of gradients that backward did not hide
  double batch_norm_wait_s = 0;  ///< for the sums of synchronised batch norms
};

struct TrainedSupernet {
  Supernet supernet;  ///< of the best epoch, on the CPU
  int best_epoch = 0;
  double largest_percent = 0;  ///< validation metric, recalibrated
  double smallest_percent = 0;
  double seconds = 0;
  bool stopped = false;  ///< on request, before the end; the state file says how to go on
  StepTimes times;
};

/// Trains by the sandwich rule: every step the largest, the smallest and some random sub-networks on the same batch,
/// gradients summed. Data-parallel: all ranks of `group` call it with the same arguments; each takes its contiguous
/// share of every batch. All random draws are keyed by seed, step and sample: ranks change results by rounding only,
/// and a training that was cut off and resumed ends with the weights of one that was not, to the bit on as many ranks
/// and threads (on a GPU: where use_device() was told deterministic). The best epoch by the mean validation metric of
/// largest and smallest, recalibrated, is kept (measured on rank 0, whose result is the one to use).
/// @throws InputError when the data do not fit the space, a split is empty, a batch is smaller than the group, or the
///   state to resume from is of other settings or data; RunError when a rank is missing or fails, on all others, or
///   when the loss, its gradient or the weights cease to be finite, which leaves no result
[[nodiscard]] TrainedSupernet train_supernet(const Supernet& initial, const TrainingData& data,
                                             const SupernetTrainingSettings& settings, Collectives& group,
                                             torch::Device device, const TrainingControl& control = {});

}  // namespace harmonic
