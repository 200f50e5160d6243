#include "worker/fusion/epoch_choice.hpp"

#include <utility>

#include <torch/types.h>

#include "core/base/rng.hpp"
#include "worker/data/metrics.hpp"
#include "worker/tensor/permutation.hpp"

namespace harmonic {

EpochChoice::EpochChoice(Labels labels) : labels_(std::move(labels)) {
  const std::int64_t samples = labels_.values.size(0) / labels_.views;
  RandomStream random(Seed{0}, "validation-halves", static_cast<std::uint64_t>(samples));
  // (views, samples): rows of the samples in their new order, one line a view.
  const auto rows = permutation(samples, random) + samples * torch::arange(labels_.views, torch::kInt64).unsqueeze(1);
  const auto half = samples / 2;
  const auto part = [&](std::int64_t first, std::int64_t count) {
    return rows.narrow(1, first, count).flatten().to(labels_.values.device());
  };
  const auto first = half > 0 ? part(0, half) : part(0, samples);
  const auto second = half > 0 ? part(half, samples - half) : first;
  sides_[0].chooses = sides_[1].judges = first;
  sides_[0].judges = sides_[1].chooses = second;
}

void EpochChoice::add_epoch(const torch::Tensor& logits) {
  for (auto& side : sides_) {
    const auto of = [&](const torch::Tensor& indices) {
      return std::pair(logits.index_select(0, indices), labels_.values.index_select(0, indices));
    };
    const auto [chosen_logits, chosen_labels] = of(side.chooses);
    const double metric = metric_percent(chosen_logits, chosen_labels, labels_.kind);
    const double loss = task_loss(chosen_logits, chosen_labels, labels_.kind).item<double>();
    if (metric < side.best_metric || (metric == side.best_metric && loss >= side.best_loss)) continue;
    side.best_metric = metric;
    side.best_loss = loss;
    const auto [judged_logits, judged_labels] = of(side.judges);
    side.judged = metric_percent(judged_logits, judged_labels, labels_.kind);
  }
}

double EpochChoice::metric() const {
  return (sides_[0].judged + sides_[1].judged) / 2;
}

}  // namespace harmonic
