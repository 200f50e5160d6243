#include "worker/fusion/architecture.hpp"

#include <cmath>

#include <torch/torch.h>

namespace harmonic {

using torch::Tensor;

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

Architecture weights_of(const Architecture& logits, double temperature) {
  const auto softmax = [](const Tensor& t) { return at::softmax(t, 1); };
  Architecture weights{softmax(logits.alphas), {}, {}};
  for (const auto& beta : logits.betas) weights.betas.push_back(softmax(beta));
  for (const auto& gamma : logits.gammas)
    weights.gammas.push_back(softmax(temperature == 1 ? gamma : gamma / temperature));
  return weights;
}

}  // namespace harmonic
