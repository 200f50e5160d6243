#include "worker/fusion/mixed_network.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/base/error.hpp"
#include "worker/fusion/fused_inputs.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

/// Sum of w_k * state_k over the skip weights of rows `first`… of an edge table (rows, 2), or (lanes, rows, 2). `none`
/// adds nothing.
Tensor mixed_edges(const std::vector<Tensor>& states, const Tensor& edges, std::int64_t first) {
  const auto skip = [&](std::size_t k) {
    return for_rows(edges.select(-2, first + static_cast<std::int64_t>(k)).select(-1, 1), states[k]);
  };
  Tensor sum = states[0] * skip(0);
  for (std::size_t k = 1; k < states.size(); ++k) sum = at::addcmul(sum, states[k], skip(k));
  return sum;
}

/// What fused functions take, and only as a constant.
bool fusable(const Tensor& feature) {
  return feature.is_cpu() && feature.scalar_type() == torch::kFloat32 && !feature.requires_grad();
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
    const Tensor weight = for_rows(weights.select(-1, static_cast<std::int64_t>(i)), out);
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

std::optional<FusedStep> MixedOperator::fused() const {
  FusedStep step;
  std::vector<Tensor> weights, biases, norm_weights, norm_biases;
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    const auto index = static_cast<int>(i);
    if (dynamic_cast<const Sum*>(operators_[i].get()) != nullptr) {
      step.sum = index;
    } else if (const auto* attention = dynamic_cast<const ScaleDotAttn*>(operators_[i].get())) {
      step.attention = index;
      step.attention_dropout = attention->dropout;
      step.layer_norm_epsilon = attention->ln->options.eps();
      step.attention_ln_weight = attention->ln->weight.t();
      step.attention_ln_bias = attention->ln->bias.t();
    } else if (const auto* excite = dynamic_cast<const SqueezeExcite*>(operators_[i].get())) {
      if (step.excite >= 0) return {};  // SE1 and SE2 together: of one input they are the same
      step.excite = index;
      step.excite_weight = excite->fc_squeeze->weight;
      step.excite_bias = excite->fc_squeeze->bias;
    } else if (const auto* conv = dynamic_cast<const ConvolvingOperator*>(operators_[i].get())) {
      const std::int64_t first = step.parts.empty() ? 0 : step.parts.back().first + step.parts.back().width;
      step.parts.push_back({index, conv->nonlinearity, first, conv->bn->weight.size(0), conv->bn});
      step.dropout = conv->dropout;
      step.norm_epsilon = conv->bn->options.eps();
      weights.push_back(folded_weight(conv->conv));
      biases.push_back(conv->conv->bias);
      norm_weights.push_back(conv->bn->weight);
      norm_biases.push_back(conv->bn->bias);
    } else {
      return {};
    }
  }
  if (step.parts.empty()) return {};
  step.weight = at::cat(weights);
  step.bias = at::cat(biases);
  step.norm_weight = at::cat(norm_weights);
  step.norm_bias = at::cat(norm_biases);
  return step;
}

MixedNode::MixedNode(int nodes, const std::vector<std::string>& operators, const StateShape& shape)
    : ln_(torch::nn::LayerNormOptions({shape.lanes * shape.channels, shape.positions})), lanes_(shape.lanes) {
  for (int step = 0; step < nodes; ++step)
    steps_.push_back(register_module(fmt::format("{}", step), std::make_shared<MixedOperator>(operators, shape)));
  register_module("ln", ln_);
}

Tensor MixedNode::forward(const Tensor& x, const Tensor& beta, const Tensor& gamma, Pass pass) {
  if (!x.is_cpu() || x.scalar_type() != torch::kFloat32 || lanes_ > 1) return forward_composed(x, beta, gamma, pass);
  std::vector<FusedStep> steps;
  for (const auto& mixed : steps_) {
    auto step = mixed->fused();
    if (!step) return forward_composed(x, beta, gamma, pass);
    steps.push_back(std::move(*step));
  }
  return fused_cell(x, beta, gamma, ln_->weight.t(), ln_->bias.t(), ln_->options.eps(), steps, pass);
}

Tensor MixedNode::forward_composed(const Tensor& x, const Tensor& beta, const Tensor& gamma, Pass pass) {
  std::vector<Tensor> states{x, x};
  std::int64_t row = 0;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    const Tensor input = mixed_edges(states, beta, row);
    row += static_cast<std::int64_t>(states.size());
    states.push_back(steps_[step]->forward(input, gamma.select(-2, static_cast<std::int64_t>(step)), pass));
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
  std::vector<Tensor> states, sums;
  // Where the output reads cells alone no reshaped input is needed by itself.
  const bool cells_alone = layout_.macro.cells >= layout_.multiplier;
  if (cells_alone && layout_.shape.lanes == 1 && std::all_of(features.begin(), features.end(), fusable))
    sums = input_sums(features, weights, pass);
  else
    for (std::size_t i = 0; i < reshape_.size(); ++i) states.push_back(reshape_[i]->forward(features[i], pass));
  const auto inputs = static_cast<std::int64_t>(reshape_.size());
  std::int64_t row = 0;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    Tensor x;
    if (sums.empty()) {
      x = mixed_edges(states, weights.alphas, row);
    } else {
      x = sums[c];
      for (std::size_t k = 0; k < c; ++k)
        x = at::addcmul(x, states[k], weights.alphas[row + inputs + static_cast<std::int64_t>(k)][1]);
    }
    row += inputs + static_cast<std::int64_t>(c);
    states.push_back(cells_[c]->forward(x, weights.betas[c], weights.gammas[c], pass));
  }
  return head_->forward({states.end() - layout_.multiplier, states.end()});
}

std::vector<Tensor> MixedNetwork::input_sums(const std::vector<Tensor>& features, const Architecture& weights,
                                             Pass pass) const {
  const auto count = static_cast<std::int64_t>(reshape_.size());
  std::vector<FusedInput> inputs;
  for (std::size_t i = 0; i < reshape_.size(); ++i)
    inputs.push_back({features[i], reshape_[i]->conv->weight.squeeze(2), reshape_[i]->conv->bias, reshape_[i]->bn});
  std::vector<Tensor> edges;
  std::int64_t row = 0;
  for (std::int64_t c = 0; c < layout_.macro.cells; ++c) {
    edges.push_back(weights.alphas.narrow(0, row, count).select(1, 1));
    row += count + c;
  }
  return fused_inputs(inputs, layout_.shape.positions, at::stack(edges), layout_.shape.dropout, pass).unbind(0);
}

}  // namespace harmonic
