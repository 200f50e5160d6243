#include "worker/fusion/hardware_loss.hpp"

#include <algorithm>
#include <numeric>

#include <torch/types.h>

#include "core/hardware/cost_model.hpp"
#include "worker/tensor/upload.hpp"

namespace harmonic {
namespace {

/// Of the smooth maximum over devices, a multiple of the reference: a device 0.05 below the worst counts a third of it.
constexpr double kSharpness = 20;

/// One quantity's costs of the devices that have them, on the host.
struct DeviceCosts {
  std::vector<std::vector<double>> shares;     ///< [device][operator] over the cheapest, `unit` is 1
  std::vector<double> weights;                 ///< [device]
  std::vector<std::vector<double>> backbones;  ///< [lane][device], multiples of the reference
  double unit = 0;  ///< the largest range of operators over its reference; 0: all cost the same
};

DeviceCosts device_costs(const OperatorCosts& costs, std::size_t quantity, std::size_t operators, std::size_t lanes) {
  const auto& tables = costs.tables[quantity];
  const auto& references = costs.reference[quantity];
  const auto& backbones = costs.backbones[quantity];
  DeviceCosts found;
  found.backbones.resize(lanes);
  for (std::size_t d = 0; d < tables.size(); ++d) {
    if (tables[d].empty()) continue;
    const auto [least, most] = std::minmax_element(tables[d].begin(), tables[d].end());
    const double reference = references.empty() ? *most - *least : references[d];
    auto& row = found.shares.emplace_back(operators, 0.0);
    for (std::size_t o = 0; o < operators && reference > 0; ++o) row[o] = (tables[d][o] - *least) / reference;
    if (reference > 0) found.unit = std::max(found.unit, (*most - *least) / reference);
    found.weights.push_back(costs.weight[d]);
    for (std::size_t lane = 0; lane < lanes; ++lane)
      found.backbones[lane].push_back(lane < backbones.size() ? backbones[lane][d] : 0);
  }
  for (auto& row : found.shares)
    for (double& share : row) share = found.unit > 0 ? share / found.unit : 0;
  return found;
}

/// (rows.size(), rows.front().size()), float64. @param rows of one length, one at least
torch::Tensor matrix(const std::vector<std::vector<double>>& rows) {
  std::vector<double> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  return torch::tensor(values, torch::kFloat64).view({static_cast<std::int64_t>(rows.size()), -1});
}

torch::Tensor smooth_maximum(const torch::Tensor& values) {
  return at::logsumexp(kSharpness * values, {-1}) / kSharpness;
}

NormalisedCost weighted_mean(const DeviceCosts& costs, std::size_t operators, torch::Device device) {
  const double all = std::accumulate(costs.weights.begin(), costs.weights.end(), 0.0);
  std::vector<double> mean(operators, 0.0);
  for (std::size_t d = 0; d < costs.weights.size(); ++d)
    for (std::size_t o = 0; o < operators; ++o) mean[o] += costs.weights[d] * costs.shares[d][o] / all;
  return {.shares = uploaded(torch::tensor(mean, torch::kFloat64), device)};
}

NormalisedCost worst(const DeviceCosts& costs, torch::Device device) {
  const double heaviest = std::ranges::max(costs.weights);
  auto shares = costs.shares;
  auto before = costs.backbones;
  for (std::size_t d = 0; d < costs.weights.size(); ++d) {
    const double scale = costs.weights[d] / heaviest;
    for (double& share : shares[d]) share *= scale;
    for (auto& lane : before) lane[d] *= scale;
  }
  const auto backbones = matrix(before);
  return {.shares = uploaded(matrix(shares).t().contiguous(), device),
          .backbones = uploaded(backbones, device),
          .largest = uploaded(smooth_maximum(backbones), device),
          .unit = costs.unit};
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

OperatorCosts operator_costs(const DeviceSet& devices, const std::vector<std::string>& operators, int channels,
                             int positions) {
  auto costs = operator_costs(devices.devices(), operators, channels, positions);
  costs.aggregate = devices.aggregate();
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    for (const auto& device : devices.devices()) costs.reference[q].push_back(device.reference[q].value_or(0));
  return costs;
}

OperatorCosts with_backbones(OperatorCosts costs, const DeviceSet& devices,
                             const std::vector<MultimodalGenome>& lanes) {
  if (costs.aggregate != Aggregate::worst) return costs;
  for (auto& of_quantity : costs.backbones) of_quantity.clear();
  for (const auto& genome : lanes) {
    const auto own = devices.model_costs(genome, std::vector<std::string>{});
    for (std::size_t q = 0; q < kQuantities.size(); ++q) {
      auto& lane = costs.backbones[q].emplace_back();
      for (std::size_t d = 0; d < own.size(); ++d)
        lane.push_back(own[d][q] && costs.reference[q][d] > 0 ? *own[d][q] / costs.reference[q][d] : 0);
    }
  }
  return costs;
}

NormalisedCosts normalised_costs(const OperatorCosts& costs, std::int64_t operators, std::int64_t lanes,
                                 torch::Device device) {
  NormalisedCosts normalised;
  const auto count = static_cast<std::size_t>(operators);
  for (std::size_t q = 0; q < normalised.size(); ++q) {
    const auto of_devices = device_costs(costs, q, count, static_cast<std::size_t>(lanes));
    const bool differs = costs.aggregate == Aggregate::worst && of_devices.weights.size() > 1 && of_devices.unit > 0;
    normalised[q] = differs ? worst(of_devices, device) : weighted_mean(of_devices, count, device);
  }
  return normalised;
}

HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes, const OperatorCosts& costs) {
  const auto& first = gammas.front();
  return hardware_loss(gammas, lanes, normalised_costs(costs, first.size(-1), lanes, first.device()));
}

HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes, const NormalisedCosts& costs) {
  std::vector<torch::Tensor> cells;
  for (const auto& cell : gammas) cells.push_back(cell.reshape({lanes, -1, cell.size(-1)}));
  const torch::Tensor weights = at::cat(cells, 1).to(torch::kFloat64);  // (lanes, mixed operators, operators)
  const torch::Tensor expected = weights.mean(1);
  HardwareLoss loss;
  for (std::size_t q = 0; q < loss.size(); ++q) {
    const auto& [shares, backbones, largest, range] = costs[q];
    torch::Tensor added = at::matmul(expected, shares);  // (lanes), or (lanes, devices)
    if (backbones.defined()) {
      const double unit = static_cast<double>(weights.size(1)) * range;
      added = (smooth_maximum(backbones + unit * added) - largest) / unit;
    }
    loss[q] = added.sum().to(torch::kFloat32);
  }
  return loss;
}

}  // namespace harmonic
