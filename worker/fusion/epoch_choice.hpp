#pragma once

#include <array>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// Judges a training by validation samples that did not choose its epoch. The best of many epochs is a biased measure
/// on the samples it was chosen by: with few of them every model looks perfect. So the samples are halved, each half
/// chooses an epoch (highest metric, of equal ones the lowest loss), and the other half judges it.
class EpochChoice {
 public:
  /// @param samples validation samples; the halves are the same for every training on them. Below 2, one set does both.
  /// @param views of every sample, all on the side of their sample: they know each other too well to judge
  EpochChoice(std::int64_t samples, int views, LabelKind kind, torch::Device device);

  /// Sees the predictions of one more epoch.
  /// @param logits (views * samples, classes), view by view @param labels as task_loss takes them
  void see(const torch::Tensor& logits, const torch::Tensor& labels);
  /// Mean of what the two halves say of each other's choice, percent.
  [[nodiscard]] double metric() const;

 private:
  struct Side {
    torch::Tensor chooses, judges;  ///< indices of samples
    double best_metric = -1, best_loss = 0, judged = 0;
  };
  LabelKind kind_;
  std::array<Side, 2> sides_;
};

}  // namespace harmonic
