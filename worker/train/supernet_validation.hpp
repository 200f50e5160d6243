#pragma once

#include <functional>
#include <optional>

#include <torch/types.h>

#include "worker/backbone/supernet.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/train/training_data.hpp"
#include "worker/train/training_settings.hpp"

namespace harmonic {

/// Judges a supernet under training by both ends of its space: the largest and the smallest sub-network, recalibrated
/// on the first train samples of a fixed shuffle, measured on the validation split. A random one is measured as well,
/// to be shown: it judges nothing.
class SupernetValidation {
 public:
  struct Percents {
    double largest = 0, smallest = 0;
    std::optional<double> random = {};  ///< of another sub-network each time; nothing where the space has no genes
    bool operator==(const Percents&) const = default;
  };

  /// @throws InputError when the samples make no batches to recalibrate on
  SupernetValidation(const TrainingData& data, const SupernetTrainingSettings& settings, torch::Device device);

  /// @param epoch keys the random sub-network @param at_work called every few layers
  /// @throws CandidateError when a sub-network's predictions are not finite
  [[nodiscard]] Percents measure(const Supernet& supernet, int epoch, const std::function<void()>& at_work) const;

 private:
  const TrainingData& data_;
  torch::Device device_;
  SampleSource inputs_;  ///< of val, on the device
  SampleBatches calibration_;
  Seed seed_;
};

}  // namespace harmonic
