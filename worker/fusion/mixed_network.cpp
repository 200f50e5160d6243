#include "worker/fusion/mixed_network.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/error.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

/// Sum of w_k * state_k over the skip weights of rows `first`… of an edge table (rows, 2). `none` adds nothing.
Tensor mixed_edges(const std::vector<Tensor>& states, const Tensor& edges, std::int64_t first) {
  Tensor sum = states[0] * edges[first][1];
  for (std::size_t k = 1; k < states.size(); ++k)
    sum = at::addcmul(sum, states[k], edges[first + static_cast<std::int64_t>(k)][1]);
  return sum;
}

}  // namespace

void check_layout(const FusionLayout& layout) {
  check_fusion_operators(layout.operators);
  const auto inputs = static_cast<int>(layout.input_channels.size());
  if (inputs < 2)
    throw InputError(fmt::format("fusion has {} input features, a cell needs two", inputs),
                     "let the modalities offer more features");
  if (layout.macro.cells < 1 || layout.macro.nodes < 1)
    throw InputError(fmt::format("fusion has {} cells of {} nodes", layout.macro.cells, layout.macro.nodes),
                     "give at least one of each");
  if (layout.multiplier < 1 || layout.multiplier > inputs + layout.macro.cells)
    throw InputError(
        fmt::format("multiplier is {}, but fusion has {} states", layout.multiplier, inputs + layout.macro.cells),
        "lower multiplier in [fusion]");
}

MixedOperator::MixedOperator(const std::vector<std::string>& operators, const StateShape& shape) {
  for (const auto& name : operators) operators_.push_back(register_module(name, make_fusion_operator(name, shape)));
}

Tensor MixedOperator::weighted_sum(const Tensor& x, const Tensor& y, const Tensor& weights, Pass pass) {
  Tensor sum;
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    const Tensor out = operators_[i]->forward(x, y, pass);
    const Tensor weight = weights[static_cast<std::int64_t>(i)];
    sum = sum.defined() ? at::addcmul(sum, out, weight) : out * weight;
  }
  return sum;
}

Tensor MixedOperator::forward(const Tensor& t, const Tensor& weights, Pass pass) {
  return weighted_sum(t, t, weights, pass);
}

Tensor MixedOperator::forward_unfolded(const Tensor& t, const Tensor& weights, Pass pass) {
  return weighted_sum(t, t.view(t.sizes()), weights, pass);  // not the same object: nothing folds
}

MixedNode::MixedNode(int nodes, const std::vector<std::string>& operators, const StateShape& shape)
    : ln_(torch::nn::LayerNormOptions({shape.channels, shape.positions})) {
  for (int step = 0; step < nodes; ++step)
    steps_.push_back(register_module(fmt::format("{}", step), std::make_shared<MixedOperator>(operators, shape)));
  register_module("ln", ln_);
}

Tensor MixedNode::forward(const Tensor& x, const Tensor& beta, const Tensor& gamma, Pass pass) {
  std::vector<Tensor> states{x, x};
  std::int64_t row = 0;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    const Tensor input = mixed_edges(states, beta, row);
    row += static_cast<std::int64_t>(states.size());
    states.push_back(steps_[step]->forward(input, gamma[static_cast<std::int64_t>(step)], pass));
  }
  return layer_norm_rows(ln_, states.back() + x);
}

MixedNetwork::MixedNetwork(const FusionLayout& layout) : layout_(layout) {
  check_layout(layout);
  for (std::size_t i = 0; i < layout.input_channels.size(); ++i)
    reshape_.push_back(register_module(fmt::format("reshape_{}", i),
                                       std::make_shared<ReshapeLayer>(layout.input_channels[i], layout.shape)));
  for (int i = 0; i < layout.macro.cells; ++i)
    cells_.push_back(register_module(fmt::format("cell_{}", i),
                                     std::make_shared<MixedNode>(layout.macro.nodes, layout.operators, layout.shape)));
  head_ = register_module("head", std::make_shared<FusionHead>(layout.multiplier, layout.classes, layout.shape));
}

Tensor MixedNetwork::forward(const std::vector<Tensor>& features, const Architecture& weights, Pass pass) {
  std::vector<Tensor> states;
  for (std::size_t i = 0; i < reshape_.size(); ++i) states.push_back(reshape_[i]->forward(features[i], pass));
  std::int64_t row = 0;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    const Tensor x = mixed_edges(states, weights.alphas, row);
    row += static_cast<std::int64_t>(states.size());
    states.push_back(cells_[c]->forward(x, weights.betas[c], weights.gammas[c], pass));
  }
  return head_->forward({states.end() - layout_.multiplier, states.end()});
}

}  // namespace harmonic
