#pragma once

#include <optional>

#include <torch/types.h>

#include "core/base/statistics.hpp"
#include "core/data/dataset_file.hpp"

namespace harmonic {

/// The 95 % interval of a split's metric, percent, as far as the number of its samples goes: Wilson's of an accuracy;
/// of a weighted F1 the quantiles of 2,000 draws of as many samples with repetition (Efron's percentile bootstrap,
/// 1979), the same ones every time.
/// @param logits (samples, classes) @param labels (samples) int64 classes, or (samples, classes) of 0 and 1
[[nodiscard]] Interval metric_interval(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind);

/// The same where the metric and the number of samples do not tell it: of a weighted F1.
[[nodiscard]] std::optional<Interval> drawn_interval(const torch::Tensor& logits, const torch::Tensor& labels,
                                                     LabelKind kind);

}  // namespace harmonic
