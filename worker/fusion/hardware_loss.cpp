#include "worker/fusion/hardware_loss.hpp"

#include <algorithm>

#include <torch/types.h>

#include "core/hardware/cost_model.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

/// Table rows scaled so that the cheapest operator is 0 and the dearest 1, summed over the devices that have them.
/// The network's normalised cost is then the mean over its mixed operators of weights . this row.
torch::Tensor normalised_rows(const OperatorCosts::Tables& tables, const std::vector<double>& weights,
                              std::size_t operators) {
  std::vector<double> sum(operators, 0.0);
  for (std::size_t d = 0; d < tables.size(); ++d) {
    if (tables[d].empty()) continue;
    const auto [least, most] = std::minmax_element(tables[d].begin(), tables[d].end());
    const double range = *most - *least;
    for (std::size_t o = 0; o < operators && range > 0; ++o) sum[o] += weights[d] * (tables[d][o] - *least) / range;
  }
  return torch::tensor(sum, torch::kFloat64);
}

}  // namespace

OperatorCosts operator_costs(const std::vector<Device>& devices, const std::vector<std::string>& operators,
                             int channels, int positions) {
  OperatorCosts costs;
  for (const auto& device : devices) {
    costs.weight.push_back(device.weight);
    const auto parts = fusion_cost(device.table, operators, channels, positions);
    for (std::size_t q = 0; q < kQuantities.size(); ++q) {
      std::vector<double> row;
      for (const auto& part : parts)
        if (part.cost[q]) row.push_back(*part.cost[q]);
      if (row.size() != operators.size()) row.clear();
      costs.tables[q].push_back(std::move(row));
    }
  }
  return costs;
}

NormalisedCosts normalised_costs(const OperatorCosts& costs, std::int64_t operators, torch::Device device) {
  NormalisedCosts rows;
  for (std::size_t q = 0; q < rows.size(); ++q)
    rows[q] = normalised_rows(costs.tables[q], costs.weight, static_cast<std::size_t>(operators));
  for (auto& row : rows) row = uploaded(row, device);
  return rows;
}

HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes, const OperatorCosts& costs) {
  return hardware_loss(gammas, lanes, normalised_costs(costs, gammas.front().size(-1), gammas.front().device()));
}

HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes, const NormalisedCosts& costs) {
  const torch::Tensor weights = at::cat(gammas).to(torch::kFloat64);  // (…, operators)
  HardwareLoss expected;
  for (std::size_t q = 0; q < expected.size(); ++q)
    expected[q] = at::matmul(weights, costs[q]).mean().to(torch::kFloat32) * lanes;
  return expected;
}

}  // namespace harmonic
