#include "worker/data/metrics.hpp"

namespace harmonic {

torch::Tensor weighted_f1_of_counts(const torch::Tensor& hits, const torch::Tensor& predicted,
                                    const torch::Tensor& truths) {
  // F1 = 2 TP / (predicted + true), 0 where nothing is predicted nor true.
  const auto f1 = 2 * hits / (predicted + truths).clamp_min(1);
  return 100 * (f1 * truths).sum(-1) / truths.sum(-1).clamp_min(1);
}

namespace {

torch::Tensor weighted_f1(const torch::Tensor& logits, const torch::Tensor& labels, double threshold) {
  const auto predicted = torch::sigmoid(logits).gt(threshold).to(torch::kFloat64);
  const auto truth = labels.to(torch::kFloat64);
  return weighted_f1_of_counts((predicted * truth).sum(0), predicted.sum(0), truth.sum(0));
}

}  // namespace

double weighted_f1_percent(const torch::Tensor& logits, const torch::Tensor& labels, double threshold) {
  return weighted_f1(logits, labels, threshold).item<double>();
}

torch::Tensor metric_count(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind) {
  if (kind == LabelKind::multilabel) return weighted_f1(logits, labels, kF1Threshold);
  return logits.argmax(1).eq(labels).sum().to(torch::kFloat64);
}

double metric_of(double count, std::int64_t samples, LabelKind kind) {
  return kind == LabelKind::multilabel ? count : 100.0 * count / static_cast<double>(samples);
}

const char* metric_name(LabelKind kind) {
  return kind == LabelKind::classification ? "accuracy" : "weighted F1";
}

double metric_percent(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind) {
  return metric_of(metric_count(logits, labels, kind).item<double>(), labels.size(0), kind);
}

torch::Tensor task_loss(const torch::Tensor& logits, const torch::Tensor& labels, LabelKind kind,
                        double label_smoothing) {
  if (kind == LabelKind::multilabel) return torch::binary_cross_entropy_with_logits(logits, labels);
  return torch::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, label_smoothing);
}

}  // namespace harmonic
