#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <torch/types.h>

#include "core/space/genome.hpp"

namespace harmonic {

/// The architecture parameters of a mixed network (logits; softmax over the last dimension gives weights).
/// Edges are {none, skip}; edge rows run over earlier states, cell by cell (step by step). Of a network with several
/// lanes every tensor has one more dimension in front, the lanes.
struct Architecture {
  torch::Tensor alphas;               ///< (sum over cells i of inputs + i, 2): states -> cells
  std::vector<torch::Tensor> betas;   ///< [cell] (sum over steps s of 2 + s, 2): inner states -> steps
  std::vector<torch::Tensor> gammas;  ///< [cell] (nodes, operators)
  std::int64_t lanes = 1;

  /// One lane's, out of those of several.
  [[nodiscard]] Architecture lane(std::int64_t index) const;

  /// All of the above, for an optimiser.
  [[nodiscard]] std::vector<torch::Tensor> parameters() const;
  /// Mean over all mixed operators of the entropy of softmax(gamma / temperature), as a share of ln(operators): 1 is
  /// undecided. Of one lane, like the two below.
  [[nodiscard]] double operator_entropy(double temperature = 1) const;

  /// Every number of the above, in that order; small enough for a message.
  [[nodiscard]] std::vector<float> values() const;
  /// Takes such numbers. @throws RunError when they are of another shape
  void assign(std::span<const float> values);
};

/// 1e-3 * N(0, 1) from LibTorch's generator, requiring gradients. Source: method.md.
[[nodiscard]] Architecture random_architecture(int inputs, MacroArchitecture macro, int operators,
                                               torch::Device device);

/// The architecture parameters of a network whose lanes, two or more, have these. Requires gradients anew.
[[nodiscard]] Architecture join_lanes(const std::vector<Architecture>& lanes);

/// softmax of every part, differentiable. @param temperature that the operators' logits are divided by: below 1 it
/// sharpens their weights
[[nodiscard]] Architecture weights_of(const Architecture& logits, double temperature = 1);

}  // namespace harmonic
