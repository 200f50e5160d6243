#include "worker/data/metric_interval.hpp"

#include <algorithm>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/rng.hpp"
#include "worker/data/metrics.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// Of weighted F1, percent. @param predicted, truths (samples, classes) float64, 0 or 1, on the CPU
Interval f1_interval(const Tensor& predicted, const Tensor& truths) {
  constexpr std::int64_t kDraws = 2000;
  constexpr std::int64_t kAtOnce = 100;  // bounds the memory
  const std::int64_t count = truths.size(0);
  const Tensor hits = truths * predicted;
  RandomStream stream(Seed{0}, "samples of an interval");
  std::vector<Tensor> metrics;
  for (std::int64_t first = 0; first < kDraws; first += kAtOnce) {
    Tensor drawn = at::zeros({kAtOnce, count}, torch::kFloat64);  // how often every sample is
    auto times = drawn.accessor<double, 2>();
    for (std::int64_t draw = 0; draw < kAtOnce; ++draw)
      for (std::int64_t i = 0; i < count; ++i)
        ++times[draw][static_cast<std::int64_t>(stream.below(static_cast<std::size_t>(count)))];
    metrics.push_back(weighted_f1_of_counts(at::mm(drawn, hits), at::mm(drawn, predicted), at::mm(drawn, truths)));
  }
  const Tensor metric = std::get<0>(at::cat(metrics).sort());
  const auto at_share = [&](double share) {
    return metric[static_cast<std::int64_t>(share * (kDraws - 1))].item<double>();
  };
  return {at_share(0.025), at_share(0.975)};
}

}  // namespace

Interval metric_interval(const Tensor& logits, const Tensor& labels, LabelKind kind) {
  if (const auto drawn = drawn_interval(logits, labels, kind)) return *drawn;
  const auto share = share_interval(metric_percent(logits, labels, kind) / 100, static_cast<double>(labels.size(0)));
  return {100 * share.low, 100 * share.high};
}

std::optional<Interval> drawn_interval(const Tensor& logits, const Tensor& labels, LabelKind kind) {
  if (kind != LabelKind::multilabel) return std::nullopt;
  const torch::NoGradGuard no_grad;
  const Tensor predicted = torch::sigmoid(logits).gt(kF1Threshold).to(torch::kFloat64).cpu();
  return f1_interval(predicted, labels.to(torch::kFloat64).cpu());
}

}  // namespace harmonic
