#include "worker/fusion/architecture.hpp"

#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"

namespace harmonic {

using torch::Tensor;

Architecture Architecture::lane(std::int64_t index) const {
  Architecture one{alphas.select(0, index), {}, {}};
  for (const auto& beta : betas) one.betas.push_back(beta.select(0, index));
  for (const auto& gamma : gammas) one.gammas.push_back(gamma.select(0, index));
  return one;
}

std::vector<Tensor> Architecture::parameters() const {
  std::vector<Tensor> all{alphas};
  all.insert(all.end(), betas.begin(), betas.end());
  all.insert(all.end(), gammas.begin(), gammas.end());
  return all;
}

double Architecture::operator_entropy(double temperature) const {
  const Tensor rows = at::cat(gammas).detach().to(torch::kCPU, torch::kFloat64) / temperature;
  if (rows.size(1) < 2) return 0;
  const Tensor log_weights = at::log_softmax(rows, 1);
  return -(log_weights.exp() * log_weights).sum(1).mean().item<double>() / std::log(static_cast<double>(rows.size(1)));
}

std::vector<float> Architecture::values() const {
  std::vector<float> all;
  for (const auto& parameter : parameters()) {
    const Tensor flat = parameter.detach().to(torch::kCPU, torch::kFloat32).contiguous();
    const auto* first = flat.const_data_ptr<float>();
    all.insert(all.end(), first, first + flat.numel());
  }
  return all;
}

void Architecture::assign(std::span<const float> values) {
  const torch::NoGradGuard no_grad;
  const auto own = parameters();
  std::int64_t wanted = 0;
  for (const auto& parameter : own) wanted += parameter.numel();
  if (static_cast<std::size_t>(wanted) != values.size())
    throw RunError(fmt::format("{} architecture parameters are given to a network with {}", values.size(), wanted));
  for (const auto& parameter : own) {
    const auto part = values.first(static_cast<std::size_t>(parameter.numel()));
    parameter.copy_(torch::tensor(std::vector<float>(part.begin(), part.end())).view(parameter.sizes()));
    values = values.subspan(part.size());
  }
}

Architecture random_architecture(int inputs, MacroArchitecture macro, int operators, torch::Device device) {
  const auto small_normal = [&](int rows, int columns) {
    return (1e-3 * torch::randn({rows, columns})).to(device).requires_grad_();
  };
  int edges = 0;
  for (int cell = 0; cell < macro.cells; ++cell) edges += inputs + cell;
  int inner_edges = 0;
  for (int step = 0; step < macro.nodes; ++step) inner_edges += 2 + step;
  Architecture architecture{small_normal(edges, 2), {}, {}};
  for (int cell = 0; cell < macro.cells; ++cell) {
    architecture.betas.push_back(small_normal(inner_edges, 2));
    architecture.gammas.push_back(small_normal(macro.nodes, operators));
  }
  return architecture;
}

Architecture join_lanes(const std::vector<Architecture>& lanes) {
  const auto stacked = [&](const auto& part) {
    std::vector<Tensor> all;
    for (const auto& lane : lanes) all.push_back(part(lane).detach());
    return at::stack(all).requires_grad_();
  };
  Architecture joined{
      stacked([](const Architecture& lane) { return lane.alphas; }), {}, {}, static_cast<std::int64_t>(lanes.size())};
  for (std::size_t c = 0; c < lanes.front().betas.size(); ++c) {
    joined.betas.push_back(stacked([c](const Architecture& lane) { return lane.betas[c]; }));
    joined.gammas.push_back(stacked([c](const Architecture& lane) { return lane.gammas[c]; }));
  }
  return joined;
}

Architecture weights_of(const Architecture& logits, double temperature) {
  const auto softmax = [](const Tensor& t) { return at::softmax(t, -1); };
  Architecture weights{softmax(logits.alphas), {}, {}, logits.lanes};
  for (const auto& beta : logits.betas) weights.betas.push_back(softmax(beta));
  for (const auto& gamma : logits.gammas)
    weights.gammas.push_back(softmax(temperature == 1 ? gamma : gamma / temperature));
  return weights;
}

}  // namespace harmonic
