#include "worker/fusion/mixed_network.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "worker/fusion/fused_inputs.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

/// The skip weight in a row of an edge table (rows, 2), or (lanes, rows, 2), for multiplication with a state.
Tensor skip_weight(const Tensor& edges, std::int64_t row, const Tensor& state, std::int64_t lanes) {
  return for_rows(edges.select(-2, row).select(-1, 1), state, lanes);
}

/// Sum of w_k * state_k over the skip weights of rows `first`… of an edge table (rows, 2), or (lanes, rows, 2). `none`
/// adds nothing.
Tensor mixed_edges(const std::vector<Tensor>& states, const Tensor& edges, std::int64_t first, std::int64_t lanes) {
  const auto skip = [&](std::size_t k) {
    return skip_weight(edges, first + static_cast<std::int64_t>(k), states[k], lanes);
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

MixedOperator::MixedOperator(const std::vector<std::string>& operators, const StateShape& shape) : lanes_(shape.lanes) {
  for (const auto& name : operators) operators_.push_back(register_module(name, make_fusion_operator(name, shape)));
}

Tensor MixedOperator::weighted_sum(const Tensor& x, const Tensor& y, const Tensor& weights, Mode mode) {
  Tensor sum;
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    const Tensor out = operators_[i]->forward(x, y, mode);
    const Tensor weight = for_rows(weights.select(-1, static_cast<std::int64_t>(i)), out, lanes_);
    sum = sum.defined() ? at::addcmul(sum, out, weight) : out * weight;
  }
  return sum;
}

Tensor MixedOperator::forward(const Tensor& t, const Tensor& weights, Mode mode) {
  return weighted_sum(t, t, weights, mode);
}

Tensor MixedOperator::forward_unfolded(const Tensor& t, const Tensor& weights, Mode mode) {
  return weighted_sum(t, t.view(t.sizes()), weights, mode);  // not the same object: nothing folds
}

std::vector<FusedStep> MixedOperator::fused() const {
  std::vector<FusedStep> steps(static_cast<std::size_t>(lanes_));
  // Gives every lane its part of a tensor.
  const auto deal = [&](const Tensor& tensor, Tensor FusedStep::*to) {
    const auto parts = tensor.chunk(lanes_);
    for (std::size_t k = 0; k < steps.size(); ++k) steps[k].*to = parts[k];
  };
  std::vector<std::vector<Tensor>> weights(steps.size()), biases = weights, norm_weights = weights,
                                                          norm_biases = weights;
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    const auto index = static_cast<int>(i);
    if (dynamic_cast<const Sum*>(operators_[i].get()) != nullptr) {
      for (auto& step : steps) step.sum = index;
    } else if (const auto* attention = dynamic_cast<const ScaleDotAttn*>(operators_[i].get())) {
      for (auto& step : steps) {
        step.attention = index;
        step.attention_dropout = attention->dropout;
        step.layer_norm_epsilon = attention->ln->options.eps();
      }
      deal(attention->ln->weight, &FusedStep::attention_ln_weight);
      deal(attention->ln->bias, &FusedStep::attention_ln_bias);
    } else if (const auto* excite = dynamic_cast<const SqueezeExcite*>(operators_[i].get())) {
      if (steps.front().excite >= 0) return {};  // SE1 and SE2 together: of one input they are the same
      for (auto& step : steps) step.excite = index;
      deal(excite->fc_squeeze->weight, &FusedStep::excite_weight);
      deal(excite->fc_squeeze->bias, &FusedStep::excite_bias);
    } else if (const auto* conv = dynamic_cast<const ConvolvingOperator*>(operators_[i].get())) {
      const auto folded = folded_weight(conv->conv).chunk(lanes_), bias = conv->conv->bias.chunk(lanes_);
      const auto norms = lane_norms(conv->bn, lanes_);
      for (std::size_t k = 0; k < steps.size(); ++k) {
        auto& parts = steps[k].parts;
        const std::int64_t first = parts.empty() ? 0 : parts.back().first + parts.back().width;
        parts.push_back({index, conv->nonlinearity, first, norms[k]->weight.size(0), norms[k]});
        steps[k].dropout = conv->dropout;
        steps[k].norm_epsilon = conv->bn->options.eps();
        weights[k].push_back(folded[k]);
        biases[k].push_back(bias[k]);
        norm_weights[k].push_back(norms[k]->weight);
        norm_biases[k].push_back(norms[k]->bias);
      }
    } else {
      return {};
    }
  }
  if (steps.front().parts.empty()) return {};
  for (std::size_t k = 0; k < steps.size(); ++k) {
    auto& step = steps[k];
    step.weight = at::cat(weights[k]);
    step.bias = at::cat(biases[k]);
    step.norm_weight = at::cat(norm_weights[k]);
    step.norm_bias = at::cat(norm_biases[k]);
    if (step.attention < 0) continue;
    step.attention_ln_weight = step.attention_ln_weight.t();
    step.attention_ln_bias = step.attention_ln_bias.t();
  }
  return steps;
}

MixedNode::MixedNode(int nodes, const std::vector<std::string>& operators, const StateShape& shape)
    : ln_(torch::nn::LayerNormOptions({shape.lanes * shape.channels, shape.positions})), lanes_(shape.lanes) {
  for (int step = 0; step < nodes; ++step)
    steps_.push_back(register_module(fmt::format("{}", step), std::make_shared<MixedOperator>(operators, shape)));
  register_module("ln", ln_);
}

Tensor MixedNode::forward(const Tensor& x, const Tensor& beta, const Tensor& gamma, Mode mode) {
  if (!x.is_cpu() || x.scalar_type() != torch::kFloat32) return forward_composed(x, beta, gamma, mode);
  std::vector<std::vector<FusedStep>> steps(static_cast<std::size_t>(lanes_));  // [lane][step]
  for (const auto& mixed : steps_) {
    auto fused = mixed->fused();
    if (fused.empty()) return forward_composed(x, beta, gamma, mode);
    for (std::size_t k = 0; k < steps.size(); ++k) steps[k].push_back(std::move(fused[k]));
  }
  const auto cell = [&](const Tensor& own, const Tensor& betas, const Tensor& gammas, const Tensor& weight,
                        const Tensor& bias, std::size_t lane) {
    return fused_cell(own, betas, gammas, weight.t(), bias.t(), ln_->options.eps(), steps[lane], mode);
  };
  if (lanes_ == 1) return cell(x, beta, gamma, ln_->weight, ln_->bias, 0);
  const auto rows = x.chunk(lanes_), weights = ln_->weight.chunk(lanes_), biases = ln_->bias.chunk(lanes_);
  const auto betas = beta.unbind(0), gammas = gamma.unbind(0);
  std::vector<Tensor> outputs;
  for (std::size_t k = 0; k < steps.size(); ++k)
    outputs.push_back(cell(rows[k], betas[k], gammas[k], weights[k], biases[k], k));
  return at::cat(outputs);
}

Tensor MixedNode::forward_composed(const Tensor& x, const Tensor& beta, const Tensor& gamma, Mode mode) {
  std::vector<Tensor> states{x, x};
  std::int64_t row = 0;
  for (std::size_t step = 0; step < steps_.size(); ++step) {
    const Tensor input = mixed_edges(states, beta, row, lanes_);
    row += static_cast<std::int64_t>(states.size());
    states.push_back(steps_[step]->forward(input, gamma.select(-2, static_cast<std::int64_t>(step)), mode));
  }
  return layer_norm_rows(ln_, states.back() + x, lanes_);
}

MixedNetwork::MixedNetwork(const FusionLayout& layout) : layout_(layout) {
  check_layout(layout);
  for (std::size_t i = 0; i < layout.input_channels.size(); ++i)
    reshape_.push_back(register_module(fmt::format("reshape_{}", i),
                                       std::make_shared<ReshapeLayer>(layout.input_channels[i], layout.shape)));
  for (int i = 0; i < layout.macro.cells; ++i)
    cells_.push_back(register_module(fmt::format("cell_{}", i),
                                     std::make_shared<MixedNode>(layout.macro.nodes, layout.operators, layout.shape)));
  head_ = register_module(
      "head", std::make_shared<FusionHead>(layout.multiplier, layout.classes, layout.shape, layout.backbones));
}

Tensor MixedNetwork::forward(const std::vector<Tensor>& features, const Architecture& weights, Mode mode,
                             const std::vector<Tensor>& backbone_logits) {
  std::vector<Tensor> states, sums;
  // Where the output reads cells alone no reshaped input is needed by itself.
  const bool cells_alone = layout_.macro.cells >= layout_.multiplier;
  if (cells_alone && std::all_of(features.begin(), features.end(), fusable))
    sums = input_sums(features, weights, mode);
  else
    for (std::size_t i = 0; i < reshape_.size(); ++i) states.push_back(reshape_[i]->forward(features[i], mode));
  const auto inputs = static_cast<std::int64_t>(reshape_.size());
  std::int64_t row = 0;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    Tensor x;
    if (sums.empty()) {
      x = mixed_edges(states, weights.alphas, row, layout_.shape.lanes);
    } else {
      x = sums[c];
      for (std::size_t k = 0; k < c; ++k)
        x = at::addcmul(
            x, states[k],
            skip_weight(weights.alphas, row + inputs + static_cast<std::int64_t>(k), states[k], layout_.shape.lanes));
    }
    row += inputs + static_cast<std::int64_t>(c);
    states.push_back(cells_[c]->forward(x, weights.betas[c], weights.gammas[c], mode));
  }
  return head_->forward({states.end() - layout_.multiplier, states.end()}, backbone_logits);
}

std::vector<Tensor> MixedNetwork::input_sums(const std::vector<Tensor>& features, const Architecture& weights,
                                             Mode mode) const {
  const std::int64_t lanes = layout_.shape.lanes;
  const auto count = static_cast<std::int64_t>(reshape_.size());
  std::vector<std::vector<FusedInput>> inputs(static_cast<std::size_t>(lanes));
  for (std::size_t i = 0; i < reshape_.size(); ++i) {
    const auto rows = features[i].chunk(lanes), conv = reshape_[i]->conv->weight.squeeze(2).chunk(lanes),
               bias = reshape_[i]->conv->bias.chunk(lanes);
    const auto norms = lane_norms(reshape_[i]->bn, lanes);
    for (std::size_t k = 0; k < inputs.size(); ++k) inputs[k].push_back({rows[k], conv[k], bias[k], norms[k]});
  }
  std::vector<Tensor> edges;
  std::int64_t row = 0;
  for (std::int64_t c = 0; c < layout_.macro.cells; ++c) {
    edges.push_back(weights.alphas.narrow(-2, row, count).select(-1, 1));
    row += count + c;
  }
  const Tensor all = at::stack(edges);  // (cells, inputs), with lanes (cells, lanes, inputs)
  std::vector<Tensor> sums;
  for (std::size_t k = 0; k < inputs.size(); ++k)
    sums.push_back(fused_inputs(inputs[k], layout_.shape.positions,
                                lanes == 1 ? all : all.select(1, static_cast<std::int64_t>(k)), layout_.shape.dropout,
                                mode));
  return (lanes == 1 ? sums.front() : at::cat(sums, 1)).unbind(0);
}

}  // namespace harmonic
