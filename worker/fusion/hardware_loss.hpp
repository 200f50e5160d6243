#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "core/hardware/multi_device.hpp"

namespace harmonic {

/// What hardware_loss multiplies the operators' weights with: (operators) float64 on a device, where it stays.
using NormalisedCosts = PerQuantity<torch::Tensor>;

/// What the fusion operators cost on every device of a run, in the order of the run's operators.
struct OperatorCosts {
  using Tables = std::vector<std::vector<double>>;  ///< [device][operator]; an empty row: the device's table has none

  std::vector<double> weight;  ///< [device] above 0
  PerQuantity<Tables> tables;
};

/// The rows of every device's table. @throws InputError when a table lacks an operator
[[nodiscard]] OperatorCosts operator_costs(const std::vector<Device>& devices,
                                           const std::vector<std::string>& operators, int channels, int positions);

/// Expected cost of a mixed network, differentiable: per device the sum over all mixed operators of softmax(gamma) .
/// table, min-max normalised between `operators * min` and `operators * max` of the table, then the weighted sum over
/// the devices. Scalars; 0 where no device's table has the quantity, or all operators cost the same.
using HardwareLoss = PerQuantity<torch::Tensor>;
/// @param gammas [cell] (nodes, operators), weights (after softmax); of several lanes [cell] (lanes, nodes, operators),
///   and their costs add up. Source: method.md.
[[nodiscard]] HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes,
                                         const OperatorCosts& costs);
/// The same with costs that are at hand: in a training, where a device would have to be sent them in every step.
[[nodiscard]] HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes,
                                         const NormalisedCosts& costs);
[[nodiscard]] NormalisedCosts normalised_costs(const OperatorCosts& costs, std::int64_t operators,
                                               torch::Device device);

}  // namespace harmonic
