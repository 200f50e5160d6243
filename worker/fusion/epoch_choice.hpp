#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <torch/types.h>

#include "worker/fusion/samples.hpp"

namespace harmonic {

/// Judges a training by validation samples that did not choose its epoch. The best of many epochs is a biased measure
/// on the samples it was chosen by: with few of them every model looks perfect. So the samples are halved, each half
/// chooses an epoch (highest metric, of equal ones the lowest loss), and the other half judges it.
class EpochChoice {
 public:
  /// @param labels of the validation samples; the halves are the same for every training on as many. All views of a
  ///   sample are on one side: they know each other too well to judge. Below 2 samples one set does both.
  explicit EpochChoice(Labels labels);

  /// Takes in the predictions of one more epoch.
  /// @param logits (rows, classes), in the labels' order
  void add_epoch(const torch::Tensor& logits);

  /// The same in two parts, so that a device is waited for once for much: what is to be known of the predictions,
  /// (kNumbers) float64 where they lie, and what follows from it.
  static constexpr std::int64_t kNumbers = 4;
  [[nodiscard]] torch::Tensor numbers(const torch::Tensor& logits) const;
  void add_epoch(std::span<const double, kNumbers> numbers);
  /// Mean of what the two halves say of each other's choice, percent.
  [[nodiscard]] double metric() const;

 private:
  struct Side {
    torch::Tensor chooses;  ///< indices of rows; the other side's judge its choice
    double best_metric = -1, best_loss = 0, judged = 0;
  };
  Labels labels_;
  std::array<Side, 2> sides_;
};

}  // namespace harmonic
