#include "worker/fusion/joined_network.hpp"

#include <algorithm>

#include <torch/nn/modules/normalization.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "worker/fusion/lanes.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

/// What several layers have of every lane, each (lanes * W, …), side by side: (lanes * sum of W, …).
Tensor side_by_side(const std::vector<Tensor>& tensors, std::int64_t lanes) {
  std::vector<Tensor> by_lane;
  for (const auto& tensor : tensors) by_lane.push_back(tensor.detach().unflatten(0, {lanes, -1}));
  return at::cat(by_lane, 1).flatten(0, 1);
}

/// @param columns (lanes, channels, rows)
Tensor activated(Nonlinearity kind, const Tensor& columns) {
  switch (kind) {
    case Nonlinearity::relu:
      return at::relu(columns);
    case Nonlinearity::glu:
      return at::glu(columns, 1);
    case Nonlinearity::mish:
      break;
  }
  return at::mish(columns);
}

/// Layer norms of states take their weights (C, L) position by position: so these lie in memory, and neither they nor
/// their gradients are turned in every step.
void turn_layer_norms(torch::nn::Module& module) {
  for (const auto& part : module.modules())
    if (const auto* norm = part->as<torch::nn::LayerNormImpl>())
      for (torch::Tensor parameter : {norm->weight, norm->bias}) parameter.set_data(parameter.t().contiguous().t());
}

/// sum + state * weight, lane by lane; the product where there is no sum yet. @param weight (lanes)
Tensor added(const Tensor& sum, const Tensor& state, const Tensor& weight) {
  const Tensor factor = weight.view({-1, 1, 1});
  return sum.defined() ? at::addcmul(sum, state, factor) : state * factor;
}

}  // namespace

JoinedNetwork::JoinedNetwork(MixedNetwork& network, torch::Device device)
    : layout_(network.layout()), device_(device), lanes_(layout_.shape.lanes) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::nn::BatchNorm1d> norms;
  std::vector<Tensor> biases;
  for (const auto& reshape : network.reshapes()) {
    inputs_.push_back(kept(reshape->conv->weight.squeeze(2)));
    norms.push_back(reshape->bn);
    biases.push_back(reshape->conv->bias);
  }
  input_norm_ = joined_norms(norms, biases);
  for (const auto& node : network.cells()) {
    Cell cell;
    for (const auto& mixed : node->steps()) cell.steps.push_back(joined_step(*mixed));
    cell.norm = torch::nn::LayerNorm(moved(node->norm().ptr()));
    cells_.push_back(std::move(cell));
  }
  head_ = moved(network.head());
}

std::vector<Tensor> JoinedNetwork::tensors() const {
  auto all = parameters_;
  all.insert(all.end(), statistics_.begin(), statistics_.end());
  return all;
}

/// A copy of its own on the device, to be trained.
Tensor JoinedNetwork::kept(const Tensor& parameter) {
  parameters_.push_back(
      parameter.detach().to(device_, parameter.scalar_type(), /*non_blocking=*/false, /*copy=*/true).contiguous());
  parameters_.back().requires_grad_(true);
  return parameters_.back();
}

/// @param biases of the convolutions before them, which fall away
NormTensors JoinedNetwork::joined_norms(const std::vector<torch::nn::BatchNorm1d>& norms,
                                        const std::vector<Tensor>& biases) {
  std::vector<Tensor> weights, shifts, means, variances;
  for (std::size_t i = 0; i < norms.size(); ++i) {
    weights.push_back(norms[i]->weight);
    shifts.push_back(norms[i]->bias);
    means.push_back(norms[i]->running_mean - biases[i]);
    variances.push_back(norms[i]->running_var);
  }
  NormTensors joined{kept(side_by_side(weights, lanes_)), kept(side_by_side(shifts, lanes_)),
                     side_by_side(means, lanes_).to(device_), side_by_side(variances, lanes_).to(device_)};
  joined.momentum = *norms.front()->options.momentum();
  joined.epsilon = norms.front()->options.eps();
  statistics_.push_back(joined.mean);
  statistics_.push_back(joined.variance);
  return joined;
}

/// On the device, its parameters among the others.
template <class Module>
std::shared_ptr<Module> JoinedNetwork::moved(std::shared_ptr<Module> module) {
  module->to(device_);
  if (lanes_ == 1) turn_layer_norms(*module);
  for (const auto& parameter : module->parameters()) parameters_.push_back(parameter);
  for (const auto& buffer : module->buffers()) statistics_.push_back(buffer);
  return module;
}

JoinedNetwork::Step JoinedNetwork::joined_step(const MixedOperator& mixed) {
  Step step;
  std::vector<Tensor> weights, biases;
  std::vector<torch::nn::BatchNorm1d> norms;
  for (std::size_t i = 0; i < mixed.operators().size(); ++i) {
    const auto index = static_cast<int>(i);
    const auto& op = mixed.operators()[i];
    if (dynamic_cast<const Sum*>(op.get()) != nullptr) {
      step.sums.push_back(index);
    } else if (const auto excite = std::dynamic_pointer_cast<SqueezeExcite>(op)) {
      step.excites.emplace_back(index, moved(excite));
    } else if (const auto conv = std::dynamic_pointer_cast<ConvolvingOperator>(op)) {
      step.parts.push_back({index, conv->nonlinearity, conv->conv->weight.size(0) / lanes_});
      weights.push_back(conv->conv->weight.squeeze(2));
      biases.push_back(conv->conv->bias);
      norms.push_back(conv->bn);
    } else {
      step.others.emplace_back(index, moved(op));
    }
  }
  if (step.parts.empty()) return step;
  step.weight = kept(side_by_side(weights, lanes_));
  step.norm = joined_norms(norms, biases);
  return step;
}

JoinedNetwork::Weights JoinedNetwork::weights_of(const Architecture& architecture) const {
  const auto inputs = static_cast<std::int64_t>(inputs_.size());
  // A cell's skip weights, of the inputs and of each cell before it, one after another.
  std::vector<std::int64_t> parts;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    parts.push_back(inputs);
    parts.insert(parts.end(), c, 1);
  }
  const auto skips = architecture.alphas.view({lanes_, -1, 2}).select(2, 1).split_with_sizes(parts, 1);
  auto skip = skips.begin();
  Weights all;
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    CellWeights own;
    own.inputs = (skip++)->unsqueeze(1);
    for (std::size_t earlier = 0; earlier < c; ++earlier) own.cells.push_back((skip++)->squeeze(1));
    const auto betas = architecture.betas[c].view({lanes_, -1, 2}).select(2, 1).unbind(1);
    const auto& gamma = architecture.gammas[c];
    const auto gammas = gamma.view({lanes_, -1, gamma.size(-1)}).unbind(1);
    auto beta = betas.begin();
    for (std::size_t s = 0; s < cells_[c].steps.size(); ++s) {
      own.steps.push_back(weights_of(cells_[c].steps[s], gammas[s]));
      own.steps.back().input = beta[0] + beta[1];  // the two first states both are the cell's input
      beta += 2;
      for (std::size_t earlier = 0; earlier < s; ++earlier) own.steps.back().states.push_back(*beta++);
    }
    all.push_back(std::move(own));
  }
  return all;
}

/// @param gamma (lanes, operators)
JoinedNetwork::StepWeights JoinedNetwork::weights_of(const Step& step, const Tensor& gamma) const {
  const auto weights = gamma.unbind(1);
  const auto weight_of = [&](int op) { return weights[static_cast<std::size_t>(op)]; };
  StepWeights own;
  std::vector<Tensor> convolving;
  for (const auto& part : step.parts) convolving.push_back(weight_of(part.op));
  if (!convolving.empty()) own.convolving = at::stack(convolving, 1).unsqueeze(1);
  // Sum of t and t, and t excited, are t times something.
  for (const int op : step.sums) {
    const Tensor twice = 2 * weight_of(op).view({-1, 1, 1});
    own.sums = own.sums.defined() ? own.sums + twice : twice;
  }
  for (const auto& [op, excite] : step.excites) own.excites.push_back(weight_of(op));
  for (const auto& [op, other] : step.others) own.others.push_back(weight_of(op));
  return own;
}

Tensor JoinedNetwork::forward(const std::vector<Tensor>& features, const Weights& weights, Mode mode,
                              const std::vector<Tensor>& backbone_logits) {
  const auto inputs = static_cast<std::int64_t>(inputs_.size());
  const auto cells = static_cast<std::int64_t>(cells_.size());
  const std::int64_t positions = layout_.shape.positions, channels = layout_.shape.channels;
  const Tensor reshaped = input_states(features, mode);  // (lanes, inputs * C, rows)
  const Tensor columns = reshaped.view({lanes_, inputs, -1});
  std::vector<Tensor> outputs;  // (lanes, rows, C)
  for (std::size_t c = 0; c < cells_.size(); ++c) {
    const auto& own = weights[c];
    Tensor x = at::bmm(own.inputs, columns).view({lanes_, channels, -1}).transpose(1, 2).contiguous();
    for (std::size_t earlier = 0; earlier < c; ++earlier) x = added(x, outputs[earlier], own.cells[earlier]);
    outputs.push_back(run(cells_[c], x, own, mode));
  }
  std::vector<Tensor> last;  // states that the output joins
  const auto of_inputs = static_cast<std::int64_t>(layout_.multiplier) - cells;
  for (std::int64_t i = inputs - std::max<std::int64_t>(0, of_inputs); i < inputs; ++i)
    last.push_back(reshaped.narrow(1, i * channels, channels).transpose(1, 2));
  last.insert(last.end(), outputs.end() - std::min(cells, static_cast<std::int64_t>(layout_.multiplier)),
              outputs.end());
  for (auto& state : last) state = state.reshape({-1, positions, channels});
  return head_->forward(last, backbone_logits);
}

/// All inputs in the states' channels: (lanes, inputs * C, rows).
Tensor JoinedNetwork::input_states(const std::vector<Tensor>& features, Mode mode) const {
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Tensor& own = features[i];  // (lanes * N, L, channels), or one position of a vector
    const Tensor rows = own.reshape({lanes_, -1, own.size(2)});
    Tensor columns = at::bmm(inputs_[i].view({lanes_, -1, own.size(2)}), rows.transpose(1, 2));
    if (own.size(1) != layout_.shape.positions)
      columns = columns.unsqueeze(3).expand({-1, -1, -1, layout_.shape.positions}).flatten(2);
    all.push_back(columns);
  }
  const Tensor states = at::relu(normalised(input_norm_, at::cat(all, 1), mode));
  return dropout_rows(states, layout_.shape.dropout, mode);
}

/// Batch norm of every channel of every lane: to LibTorch they are all channels of one sample.
Tensor JoinedNetwork::normalised(const NormTensors& norm, const Tensor& columns, Mode mode) const {
  return batch_norm_channels(norm, columns.view({1, -1, columns.size(2)}), mode).view(columns.sizes());
}

/// @param x (lanes, rows, C) @return as x
Tensor JoinedNetwork::run(const Cell& cell, const Tensor& x, const CellWeights& weights, Mode mode) const {
  std::vector<Tensor> states;  // behind the two first, which both are x
  for (std::size_t s = 0; s < cell.steps.size(); ++s) {
    const auto& own = weights.steps[s];
    Tensor t = added({}, x, own.input);
    for (std::size_t earlier = 0; earlier < s; ++earlier) t = added(t, states[earlier], own.states[earlier]);
    states.push_back(run(cell.steps[s], t, own, mode));
  }
  const auto& shape = layout_.shape;
  return layer_norm_rows(cell.norm, (states.back() + x).view({-1, shape.positions, shape.channels}), lanes_)
      .reshape(x.sizes());
}

/// @param t (lanes, rows, C) @return as t
Tensor JoinedNetwork::run(const Step& step, const Tensor& t, const StepWeights& weights, Mode mode) const {
  Tensor sum = step.parts.empty() ? Tensor() : convolved(step, t, weights.convolving, mode);
  const Tensor rows = t.view({-1, layout_.shape.positions, layout_.shape.channels});
  Tensor factor = weights.sums;  // of t: (lanes, N, C), or (lanes, 1, 1)
  for (std::size_t i = 0; i < step.excites.size(); ++i)
    factor = added(factor, step.excites[i].second->excitation(rows).unflatten(0, {lanes_, -1}), weights.excites[i]);
  if (factor.defined()) {
    const auto by_sample = [&](const Tensor& numbers) {
      return numbers.view({lanes_, -1, layout_.shape.positions, layout_.shape.channels});
    };
    const Tensor each = factor.unsqueeze(2), own = by_sample(t);
    sum = (sum.defined() ? at::addcmul(by_sample(sum), own, each) : own * each).view(t.sizes());
  }
  for (std::size_t i = 0; i < step.others.size(); ++i)
    sum = added(sum, step.others[i].second->forward(rows, rows, mode).reshape(t.sizes()), weights.others[i]);
  return sum;
}

/// The weighted sum of what the convolving operators make of t. @param weights (lanes, 1, operators)
Tensor JoinedNetwork::convolved(const Step& step, const Tensor& t, const Tensor& weights, Mode mode) const {
  const std::int64_t channels = t.size(2);
  const Tensor folded = step.weight.view({lanes_, -1, 2, channels}).sum(2);
  const Tensor columns = normalised(step.norm, at::bmm(folded, t.transpose(1, 2)), mode);
  std::vector<std::int64_t> widths;
  for (const auto& part : step.parts) widths.push_back(part.width);
  const auto pieces = columns.split_with_sizes(widths, 1);
  std::vector<Tensor> outputs;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    outputs.push_back(activated(step.parts[i].kind, pieces[i]).transpose(1, 2));
  const Tensor all = dropout_rows(at::stack(outputs, 1), layout_.shape.dropout, mode);  // (lanes, operators, rows, C)
  return at::bmm(weights, all.flatten(2)).view(t.sizes());
}

}  // namespace harmonic
