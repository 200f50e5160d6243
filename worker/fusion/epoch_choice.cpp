#include "worker/fusion/epoch_choice.hpp"

#include <utility>
#include <vector>

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
  sides_[0].chooses = half > 0 ? part(0, half) : part(0, samples);
  sides_[1].chooses = half > 0 ? part(half, samples - half) : sides_[0].chooses;
}

torch::Tensor EpochChoice::numbers(const torch::Tensor& logits) const {
  std::vector<torch::Tensor> all;
  for (const auto& side : sides_) {
    const auto own_logits = logits.index_select(0, side.chooses),
               own_labels = labels_.values.index_select(0, side.chooses);
    all.push_back(metric_count(own_logits, own_labels, labels_.kind));
    all.push_back(task_loss(own_logits, own_labels, labels_.kind).to(torch::kFloat64));
  }
  return torch::stack(all);
}

void EpochChoice::add_epoch(const torch::Tensor& logits) {
  const auto told = numbers(logits).cpu();
  add_epoch(std::span<const double, kNumbers>(told.const_data_ptr<double>(), kNumbers));
}

void EpochChoice::add_epoch(std::span<const double, kNumbers> numbers) {
  std::array<double, 2> metrics{};
  for (std::size_t k = 0; k < sides_.size(); ++k)
    metrics[k] = metric_of(numbers[2 * k], sides_[k].chooses.size(0), labels_.kind);
  for (std::size_t k = 0; k < sides_.size(); ++k) {
    auto& side = sides_[k];
    const double metric = metrics[k], loss = numbers[2 * k + 1];
    if (metric < side.best_metric || (metric == side.best_metric && loss >= side.best_loss)) continue;
    side.best_metric = metric;
    side.best_loss = loss;
    side.judged = metrics[1 - k];
  }
}

double EpochChoice::metric() const {
  return (sides_[0].judged + sides_[1].judged) / 2;
}

}  // namespace harmonic
