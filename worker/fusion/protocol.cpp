#include "worker/fusion/protocol.hpp"

#include <torch/types.h>

namespace harmonic {
namespace {

using torch::Tensor;

/// Costs, where the weights are that they belong to: sent there once.
class CostsAtHand {
 public:
  explicit CostsAtHand(const OperatorCosts& costs) : costs_(costs) {}
  [[nodiscard]] HardwareLoss loss(const Architecture& weights) const {
    const Tensor& first = weights.gammas.front();
    const Tensor& known = rows_.front().shares;
    if (!known.defined() || known.device() != first.device() || lanes_ != weights.lanes) {
      rows_ = normalised_costs(costs_, first.size(-1), weights.lanes, first.device());
      lanes_ = weights.lanes;
    }
    return hardware_loss(weights.gammas, weights.lanes, rows_);
  }

 private:
  const OperatorCosts& costs_;
  mutable NormalisedCosts rows_;
  mutable std::int64_t lanes_ = 0;
};

class Honest final : public SearchProtocol {
 public:
  Honest(const FusionSettings& settings, const OperatorCosts& costs) : settings_(settings), costs_(costs) {}

  Tensor weight_loss(const Tensor& task, const Architecture&) const override { return task; }
  Tensor architecture_loss(const Tensor& task, const Architecture& weights, double progress) const override {
    const auto hardware = costs_.loss(weights);
    Tensor weighted = settings_.cost_weights[0] * hardware[0];
    for (std::size_t q = 1; q < hardware.size(); ++q) weighted = weighted + settings_.cost_weights[q] * hardware[q];
    return task + progress * weighted;
  }
  Turn architecture_turn() const override { return Turn::after_step; }

 private:
  const FusionSettings& settings_;
  CostsAtHand costs_;
};

class Published final : public SearchProtocol {
 public:
  explicit Published(const OperatorCosts& costs) : costs_(costs) {}

  Tensor weight_loss(const Tensor& task, const Architecture& weights) const override {
    Tensor loss = at::sqrt(task);
    for (const auto& cost : costs_.loss(weights)) loss = loss + at::sqrt(cost);
    return loss;
  }
  Tensor architecture_loss(const Tensor& task, const Architecture&, double) const override { return task; }
  Turn architecture_turn() const override { return Turn::after_epoch; }

 private:
  CostsAtHand costs_;
};

}  // namespace

std::unique_ptr<SearchProtocol> honest_protocol(const FusionSettings& settings, const OperatorCosts& costs) {
  return std::make_unique<Honest>(settings, costs);
}

std::unique_ptr<SearchProtocol> published_protocol(const OperatorCosts& costs) {
  return std::make_unique<Published>(costs);
}

}  // namespace harmonic
