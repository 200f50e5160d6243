#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/base/ids.hpp"
#include "worker/train/training_settings.hpp"

namespace harmonic {

/// An epoch's order of the train samples, keyed by seed and epoch: (samples) int64 on the CPU.
[[nodiscard]] torch::Tensor epoch_order(Seed seed, int epoch, std::int64_t samples);

/// One rank's part of a batch.
struct BatchShare {
  torch::Tensor ids;       ///< (n) int64 on the CPU: which train samples
  std::int64_t first = 0;  ///< of them within the batch
  std::int64_t batch = 0;  ///< samples of the whole batch

  /// Of the rank's mean loss in the batch's.
  [[nodiscard]] double weight() const { return static_cast<double>(ids.size(0)) / static_cast<double>(batch); }
};

/// Deals the train samples: every epoch in an order of its own, cut into batches of nearly the size asked for, each
/// batch cut into nearly equal contiguous shares of the ranks. Steps count on over the epochs.
class TrainingBatches {
 public:
  /// @throws InputError when a rank's share would be empty, or a single sample whose batch norms see no other
  TrainingBatches(std::int64_t samples, const SupernetTrainingSettings& settings, Rank rank, int ranks);

  [[nodiscard]] std::int64_t steps_an_epoch() const { return steps_an_epoch_; }
  [[nodiscard]] int epoch_of(std::int64_t step) const { return static_cast<int>(step / steps_an_epoch_) + 1; }
  /// This rank's. @param step from 0
  [[nodiscard]] BatchShare share(std::int64_t step);

 private:
  std::int64_t samples_;
  Seed seed_;
  Rank rank_;
  int ranks_;
  std::int64_t steps_an_epoch_;
  int epoch_ = 0;  ///< that order_ is of; 0: none yet
  torch::Tensor order_;
};

}  // namespace harmonic
