#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"

namespace harmonic {

inline constexpr double kF1Threshold = 0.3;

/// F1 of every class, averaged with the true counts as weights, in percent; a class without predictions and truths
/// counts 0. @param hits, predicted, truths (…, classes) float64 counts @return (…)
[[nodiscard]] torch::Tensor weighted_f1_of_counts(const torch::Tensor& hits, const torch::Tensor& predicted,
                                                  const torch::Tensor& truths);

/// The same of what is predicted at sigmoid(logit) > threshold. As scikit-learn's f1_score(average="weighted",
/// zero_division=0).
/// @param logits, labels (N, classes), labels 0 or 1
[[nodiscard]] double weighted_f1_percent(const torch::Tensor& logits, const torch::Tensor& labels,
                                         double threshold = kF1Threshold);

/// "accuracy" or "weighted F1".
[[nodiscard]] const char* metric_name(LabelKind kind);
/// Accuracy (share of samples whose largest logit is the label's) or weighted F1, whichever the labels ask for, in
/// percent. @param logits (N, classes) @param labels (N) int64, or as weighted F1's
[[nodiscard]] double metric_percent(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind);

/// The same where the logits lie, without waiting for it: a scalar float64, of which metric_of() makes the percentage.
[[nodiscard]] torch::Tensor metric_count(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind);
/// @param samples that were counted
[[nodiscard]] double metric_of(double count, std::int64_t samples, LabelKind kind);

/// Mean cross-entropy (classification, soft targets allowed) or binary cross-entropy over classes (multilabel).
[[nodiscard]] torch::Tensor task_loss(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind,
                                      double label_smoothing = 0);

}  // namespace harmonic
