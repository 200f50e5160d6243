#include "worker/fusion/hardware_loss.hpp"

#include <algorithm>

#include <torch/types.h>

#include "core/hardware/cost_model.hpp"

namespace harmonic {
namespace {

/// Of the smooth maximum over devices, a multiple of the reference: a device 0.05 below the worst counts a third of it.
constexpr double kSharpness = 20;

/// One quantity's costs, of the devices that have them.
struct DeviceCosts {
  torch::Tensor shares;     ///< (operators, devices): over the cheapest, `unit` is 1
  torch::Tensor weights;    ///< (devices)
  torch::Tensor backbones;  ///< (lanes, devices), multiples of the reference
  double unit = 0;          ///< the largest range of operators over its reference; 0: all cost the same
};

DeviceCosts device_costs(const OperatorCosts& costs, std::size_t quantity, std::size_t operators, std::int64_t lanes) {
  const auto& tables = costs.tables[quantity];
  const auto& references = costs.reference[quantity];
  const auto& backbones = costs.backbones[quantity];
  DeviceCosts found;
  std::vector<double> weights, shares;  // (devices, operators)
  std::vector<std::size_t> devices;
  for (std::size_t d = 0; d < tables.size(); ++d) {
    if (tables[d].empty()) continue;
    const auto [least, most] = std::minmax_element(tables[d].begin(), tables[d].end());
    const double reference = references.empty() ? *most - *least : references[d];
    for (std::size_t o = 0; o < operators; ++o)
      shares.push_back(reference > 0 ? (tables[d][o] - *least) / reference : 0);
    if (reference > 0) found.unit = std::max(found.unit, (*most - *least) / reference);
    weights.push_back(costs.weight[d]);
    devices.push_back(d);
  }
  const auto numbers = torch::TensorOptions(torch::kFloat64);
  found.shares = torch::tensor(shares, numbers)
                     .view({static_cast<std::int64_t>(devices.size()), static_cast<std::int64_t>(operators)})
                     .t();
  if (found.unit > 0) found.shares = found.shares / found.unit;
  found.weights = torch::tensor(weights, numbers);
  found.backbones = torch::zeros({lanes, static_cast<std::int64_t>(devices.size())}, numbers);
  for (std::size_t lane = 0; lane < backbones.size(); ++lane)
    for (std::size_t d = 0; d < devices.size(); ++d)
      found.backbones[static_cast<std::int64_t>(lane)][static_cast<std::int64_t>(d)] = backbones[lane][devices[d]];
  return found;
}

torch::Tensor smooth_maximum(const torch::Tensor& values) {
  return at::logsumexp(kSharpness * values, {-1}) / kSharpness;
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

HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes, const OperatorCosts& costs) {
  std::vector<torch::Tensor> cells;
  for (const auto& cell : gammas) cells.push_back(cell.reshape({lanes, -1, cell.size(-1)}));
  const torch::Tensor weights = at::cat(cells, 1).to(torch::kFloat64);  // (lanes, mixed operators, operators)
  const auto mixed = static_cast<double>(weights.size(1));
  const torch::Tensor expected = weights.mean(1);
  HardwareLoss loss;
  for (std::size_t q = 0; q < loss.size(); ++q) {
    const auto of_devices = device_costs(costs, q, static_cast<std::size_t>(weights.size(-1)), lanes);
    const auto added = at::matmul(expected, of_devices.shares.to(weights.device()));  // (lanes, devices)
    const auto device_weights = of_devices.weights.to(weights.device());
    torch::Tensor together;
    if (of_devices.unit == 0) {
      together = 0 * expected.sum();
    } else if (costs.aggregate == Aggregate::worst && added.size(1) > 1) {
      const auto scale = device_weights / device_weights.max();
      const auto before = of_devices.backbones.to(weights.device());
      const double unit = mixed * of_devices.unit;
      together = (smooth_maximum(scale * (before + unit * added)) - smooth_maximum(scale * before)).sum() / unit;
    } else {
      together = (at::matmul(added, device_weights) / device_weights.sum()).sum();
    }
    loss[q] = together.to(torch::kFloat32);
  }
  return loss;
}

}  // namespace harmonic
