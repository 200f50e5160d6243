#pragma once

#include <memory>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "worker/fusion/architecture.hpp"
#include "worker/fusion/hardware_loss.hpp"

namespace harmonic {

/// What the mixed network's two turns minimise. Source: method.md, "Tier 2" and its last table.
class SearchProtocol {
 public:
  virtual ~SearchProtocol() = default;
  /// @param task loss on a training batch @param weights architecture after softmax; no gradient flows to it here
  [[nodiscard]] virtual torch::Tensor weight_loss(const torch::Tensor& task, const Architecture& weights) const = 0;
  /// @param task loss on a batch of the split that the architecture learns from
  /// @param progress of the search, 0 to 1
  [[nodiscard]] virtual torch::Tensor architecture_loss(const torch::Tensor& task, const Architecture& weights,
                                                        double progress) const = 0;
  /// When the architecture has its turn: after every step of the weights, or for one pass over its samples after every
  /// epoch of theirs.
  enum class Turn { after_step, after_epoch };
  [[nodiscard]] virtual Turn architecture_turn() const = 0;
};

/// Weights: task loss. Architecture: task loss + latency-weight * latency + energy-weight * energy, as they are and not
/// under square roots, whose pull grows without bound near 0. The two weights rise linearly with the progress: at first
/// operators are told apart by their use alone, since cost speaks with the same voice in every step and would drown it.
/// Keeps references.
[[nodiscard]] std::unique_ptr<SearchProtocol> honest_protocol(const FusionSettings& settings,
                                                              const OperatorCosts& costs);

/// Weights: sqrt(task) + sqrt(latency) + sqrt(energy), of which the last two do not depend on the weights: they move
/// nothing, as in the published code. Architecture: task loss, its turn after every epoch. Keeps a reference.
[[nodiscard]] std::unique_ptr<SearchProtocol> published_protocol(const OperatorCosts& costs);

}  // namespace harmonic
