#include "worker/fusion/derived_network.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <torch/nn/modules/normalization.h>
#include <torch/ordered_dict.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"

namespace harmonic {

using torch::Tensor;

namespace {

void check_state(int state, int states, const Genotype& genotype) {
  if (state < 0 || state >= states)
    throw InputError(fmt::format("genotype {} reads state {} of {}", to_text(genotype), state, states),
                     "use it with the features that it was found for");
}

void check_genotype(const Genotype& genotype, int inputs) {
  int states = inputs;
  for (const auto& cell : genotype.cells) {
    check_state(cell.first, states, genotype);
    check_state(cell.second, states, genotype);
    int inner = 2;
    for (const auto& step : cell.steps) {
      check_state(step.first, inner, genotype);
      check_state(step.second, inner, genotype);
      ++inner;
    }
    if (cell.steps.empty())
      throw InputError(fmt::format("genotype {} has a cell without operators", to_text(genotype)), "give it one");
    ++states;
  }
  for (const int state : genotype.concat) check_state(state, states, genotype);
  if (genotype.concat.empty())
    throw InputError(fmt::format("genotype {} has no output states", to_text(genotype)),
                     "name the states that are joined");
}

std::set<int> used_states(const Genotype& genotype) {
  std::set<int> used(genotype.concat.begin(), genotype.concat.end());
  for (const auto& cell : genotype.cells) used.insert({cell.first, cell.second});
  return used;
}

}  // namespace

DerivedCell::DerivedCell(const FusionCell& cell, const StateShape& shape)
    : steps_(cell.steps),
      ln_(torch::nn::LayerNormOptions({shape.lanes * shape.channels, shape.positions})),
      lanes_(shape.lanes) {
  for (std::size_t s = 0; s < steps_.size(); ++s)
    operators_.push_back(register_module(fmt::format("{}", s), make_fusion_operator(steps_[s].op, shape)));
  register_module("ln", ln_);
}

Tensor DerivedCell::forward(const Tensor& x, const Tensor& y, Mode mode) {
  std::vector<Tensor> states{x, y};
  for (std::size_t s = 0; s < steps_.size(); ++s)
    states.push_back(operators_[s]->forward(states[static_cast<std::size_t>(steps_[s].first)],
                                            states[static_cast<std::size_t>(steps_[s].second)], mode));
  return layer_norm_rows(ln_, states.back() + x, lanes_);
}

DerivedNetwork::DerivedNetwork(const Genotype& genotype, const std::vector<int>& input_channels, int classes,
                               const StateShape& shape, int backbones)
    : genotype_(genotype) {
  check_genotype(genotype, static_cast<int>(input_channels.size()));
  const auto used = used_states(genotype);
  for (std::size_t i = 0; i < input_channels.size(); ++i) {
    reshape_.push_back(nullptr);
    if (used.contains(static_cast<int>(i)))
      reshape_.back() =
          register_module(fmt::format("reshape_{}", i), std::make_shared<ReshapeLayer>(input_channels[i], shape));
  }
  for (std::size_t c = 0; c < genotype.cells.size(); ++c)
    cells_.push_back(
        register_module(fmt::format("cell_{}", c), std::make_shared<DerivedCell>(genotype.cells[c], shape)));
  head_ = register_module(
      "head", std::make_shared<FusionHead>(static_cast<int>(genotype.concat.size()), classes, shape, backbones));
}

Tensor DerivedNetwork::forward(const std::vector<Tensor>& features, Mode mode,
                               const std::vector<Tensor>& backbone_logits) {
  std::vector<Tensor> states;
  for (std::size_t i = 0; i < reshape_.size(); ++i)
    states.push_back(reshape_[i] ? reshape_[i]->forward(features[i], mode) : Tensor());
  for (std::size_t c = 0; c < cells_.size(); ++c)
    states.push_back(cells_[c]->forward(states[static_cast<std::size_t>(genotype_.cells[c].first)],
                                        states[static_cast<std::size_t>(genotype_.cells[c].second)], mode));
  std::vector<Tensor> joined;
  for (const int state : genotype_.concat) joined.push_back(states[static_cast<std::size_t>(state)]);
  return head_->forward(joined, backbone_logits);
}

std::vector<std::pair<std::string, Tensor>> DerivedNetwork::named_numbers() const {
  std::vector<std::pair<std::string, Tensor>> all;
  const auto keep = [&](const torch::OrderedDict<std::string, Tensor>& named) {
    for (const auto& item : named)
      if (item.value().is_floating_point())  // batch norms' step counters change nothing
        all.emplace_back(item.key(), item.value().detach());
  };
  keep(named_parameters());
  keep(named_buffers());
  return all;
}

std::map<std::string, Tensor> DerivedNetwork::tensors() const {
  return tensors(snapshot(0, 1), 1);
}

Tensor DerivedNetwork::snapshot(std::int64_t lane, std::int64_t lanes) const {
  std::vector<Tensor> all;
  for (const auto& [name, numbers] : named_numbers())
    all.push_back(numbers.chunk(lanes)[static_cast<std::size_t>(lane)].reshape({-1}));
  return at::cat(all);
}

std::map<std::string, Tensor> DerivedNetwork::tensors(const Tensor& snapshot, std::int64_t lanes) const {
  const Tensor on_host = snapshot.cpu();
  std::map<std::string, Tensor> all;
  std::int64_t first = 0;
  for (const auto& [name, numbers] : named_numbers()) {
    auto sizes = numbers.sizes().vec();
    sizes.front() /= lanes;
    const std::int64_t count = numbers.numel() / lanes;
    all[name] = on_host.narrow(0, first, count).view(sizes).clone();  // of its own: it is written to files, and kept
    first += count;
  }
  return all;
}

void DerivedNetwork::load(const std::map<std::string, Tensor>& tensors) {
  torch::NoGradGuard no_grad;
  const auto fill = [&](const torch::OrderedDict<std::string, Tensor>& named) {
    for (const auto& item : named) {
      if (!item.value().is_floating_point()) continue;
      const auto found = tensors.find(item.key());
      if (found == tensors.end() || found->second.sizes() != item.value().sizes())
        throw InputError(fmt::format("a fusion model has no tensor {} of the right shape", item.key()),
                         "use weights that belong to this genotype");
      Tensor target = item.value();
      target.copy_(found->second);
    }
  };
  fill(named_parameters());
  fill(named_buffers());
}

}  // namespace harmonic
