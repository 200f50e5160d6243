#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>

#include "core/space/genome.hpp"
#include "worker/fusion/architecture.hpp"
#include "worker/fusion/fused_cell.hpp"
#include "worker/fusion/fusion_head.hpp"
#include "worker/fusion/operators.hpp"
#include "worker/fusion/reshape_layer.hpp"

namespace harmonic {

/// What fixes the sizes of a fusion network.
struct FusionLayout {
  std::vector<int> input_channels;  ///< of every input feature, all modalities one after another
  MacroArchitecture macro;
  std::vector<std::string> operators;  ///< candidates of a mixed operator
  int multiplier = 2;                  ///< last states joined to the output
  int classes = 2;
  StateShape shape;
  int backbones = 0;  ///< whose logits are added to the network's (FusionHead)
};

/// All candidate operators on one state (both inputs are the same), weighted: sum of weight_i * op_i(t, t).
/// The convolving operators see [t; t] and fold their weights (conv_rows).
class MixedOperator final : public torch::nn::Module {
 public:
  MixedOperator(const std::vector<std::string>& operators, const StateShape& shape);
  /// @param t (N, L, C) @param weights (operators), after softmax; with lanes (lanes, operators)
  torch::Tensor forward(const torch::Tensor& t, const torch::Tensor& weights, Mode mode);
  /// The same by the definition, nothing folded.
  torch::Tensor forward_unfolded(const torch::Tensor& t, const torch::Tensor& weights, Mode mode);
  /// Its parameters for a fused cell, [lane]; nothing when there are candidates that only run by themselves.
  [[nodiscard]] std::vector<FusedStep> fused() const;
  [[nodiscard]] const std::vector<std::shared_ptr<FusionOperator>>& operators() const { return operators_; }

 private:
  torch::Tensor weighted_sum(const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& weights, Mode mode);

  std::vector<std::shared_ptr<FusionOperator>> operators_;
  std::int64_t lanes_;
};

/// A fusion node of the mixed network: `nodes` mixed operators, each on the weighted sum of all earlier inner states
/// (the node's two inputs, both x, come first); output: layer norm of the last inner state + x.
class MixedNode final : public torch::nn::Module {
 public:
  MixedNode(int nodes, const std::vector<std::string>& operators, const StateShape& shape);
  /// @param beta (inner edges, 2), gamma (nodes, operators): weights; with lanes their number comes first
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& beta, const torch::Tensor& gamma, Mode mode);
  /// The same put together from single operators: on any device and type, with any candidates, in any number of lanes.
  torch::Tensor forward_composed(const torch::Tensor& x, const torch::Tensor& beta, const torch::Tensor& gamma,
                                 Mode mode);
  [[nodiscard]] const std::vector<std::shared_ptr<MixedOperator>>& steps() const { return steps_; }
  [[nodiscard]] const torch::nn::LayerNorm& norm() const { return ln_; }

 private:
  std::vector<std::shared_ptr<MixedOperator>> steps_;
  torch::nn::LayerNorm ln_;
  std::int64_t lanes_;
};

/// The differentiable search network over all input features. Source: method.md, "Tier 2".
/// Parameter names: reshape_<input>.*, cell_<i>.<step>.<operator>.*, cell_<i>.ln.*, head.ln.*, head.classifier.*,
/// head.scales
class MixedNetwork final : public torch::nn::Module {
 public:
  /// @throws InputError for a layout that cannot be: fewer than two inputs, unknown operators, too large a multiplier
  explicit MixedNetwork(const FusionLayout& layout);
  /// @param features one an input, as feature_rows gives them
  /// @param weights alpha, beta, gamma after softmax
  /// @param backbone_logits as FusionHead takes them
  /// @return logits (N, classes)
  torch::Tensor forward(const std::vector<torch::Tensor>& features, const Architecture& weights, Mode mode,
                        const std::vector<torch::Tensor>& backbone_logits = {});

  [[nodiscard]] const FusionLayout& layout() const { return layout_; }
  [[nodiscard]] const std::vector<std::shared_ptr<ReshapeLayer>>& reshapes() const { return reshape_; }
  [[nodiscard]] const std::vector<std::shared_ptr<MixedNode>>& cells() const { return cells_; }
  [[nodiscard]] const std::shared_ptr<FusionHead>& head() const { return head_; }

 private:
  /// What the reshaped inputs give to each cell.
  [[nodiscard]] std::vector<torch::Tensor> input_sums(const std::vector<torch::Tensor>& features,
                                                      const Architecture& weights, Mode mode) const;

  FusionLayout layout_;
  std::vector<std::shared_ptr<ReshapeLayer>> reshape_;
  std::vector<std::shared_ptr<MixedNode>> cells_;
  std::shared_ptr<FusionHead> head_;
};

/// @throws InputError as above
void check_layout(const FusionLayout& layout);

}  // namespace harmonic
