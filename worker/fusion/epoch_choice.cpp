#include "worker/fusion/epoch_choice.hpp"

#include <vector>

#include <torch/torch.h>

#include "core/base/rng.hpp"
#include "worker/data/metrics.hpp"

namespace harmonic {

EpochChoice::EpochChoice(std::int64_t samples, int views, LabelKind kind, torch::Device device) : kind_(kind) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(samples));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  RandomStream random(Seed{0}, "validation-halves", static_cast<std::uint64_t>(samples));
  random.shuffle(order);
  // (views, samples): rows of the samples in their new order, one line a view.
  const auto rows = torch::tensor(order, torch::kInt64) + samples * torch::arange(views, torch::kInt64).unsqueeze(1);
  const auto half = samples / 2;
  const auto part = [&](std::int64_t first, std::int64_t count) {
    return rows.narrow(1, first, count).flatten().to(device);
  };
  const auto first = half > 0 ? part(0, half) : part(0, samples);
  const auto second = half > 0 ? part(half, samples - half) : first;
  sides_[0].chooses = sides_[1].judges = first;
  sides_[0].judges = sides_[1].chooses = second;
}

void EpochChoice::see(const torch::Tensor& logits, const torch::Tensor& labels) {
  for (auto& side : sides_) {
    const auto of = [&](const torch::Tensor& indices) {
      return std::pair(logits.index_select(0, indices), labels.index_select(0, indices));
    };
    const auto [chosen_logits, chosen_labels] = of(side.chooses);
    const double metric = metric_percent(chosen_logits, chosen_labels, kind_);
    const double loss = task_loss(chosen_logits, chosen_labels, kind_).item<double>();
    if (metric < side.best_metric || (metric == side.best_metric && loss >= side.best_loss)) continue;
    side.best_metric = metric;
    side.best_loss = loss;
    const auto [judged_logits, judged_labels] = of(side.judges);
    side.judged = metric_percent(judged_logits, judged_labels, kind_);
  }
}

double EpochChoice::metric() const {
  return (sides_[0].judged + sides_[1].judged) / 2;
}

}  // namespace harmonic
