#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "core/hardware/multi_device.hpp"

namespace harmonic {

/// One quantity's costs of the fusion operators on a device of LibTorch, where they stay: float64.
struct NormalisedCost {
  torch::Tensor shares;     ///< (operators) a mean over the devices; of the worst one (operators, devices)
  torch::Tensor backbones;  ///< (lanes, devices) of the worst: costs of what is fused; else undefined
  torch::Tensor largest;    ///< (lanes) of those the smooth maximum
  double unit = 1;          ///< of `shares`, in multiples of the reference
};
/// What hardware_loss weighs the operators with.
using NormalisedCosts = PerQuantity<NormalisedCost>;

/// What the fusion operators cost on every device of a run, in the order of the run's operators.
struct OperatorCosts {
  using Tables = std::vector<std::vector<double>>;  ///< [device][operator]; an empty row: the device's table has none

  std::vector<double> weight;  ///< [device] above 0
  PerQuantity<Tables> tables;
  Aggregate aggregate = Aggregate::mean;  ///< how devices' costs are put together; each: as mean
  /// [device] what the objectives divide costs by, above 0. Empty: the range of the device's own operators.
  PerQuantity<std::vector<double>> reference = {};
  /// [lane][device] costs of what is fused, multiples of the reference: they tell which device is the worst. Empty:
  /// none.
  PerQuantity<std::vector<std::vector<double>>> backbones = {};
};

/// The rows of every device's table, each device's range of its own. @throws InputError when a table lacks an operator
[[nodiscard]] OperatorCosts operator_costs(const std::vector<Device>& devices,
                                           const std::vector<std::string>& operators, int channels, int positions);
/// The same with the references and the aggregate of a run's objectives.
[[nodiscard]] OperatorCosts operator_costs(const DeviceSet& devices, const std::vector<std::string>& operators,
                                           int channels, int positions);
/// With the backbones of models that are searched for in one pass, where the aggregate asks for them.
[[nodiscard]] OperatorCosts with_backbones(OperatorCosts costs, const DeviceSet& devices,
                                           const std::vector<MultimodalGenome>& lanes);

/// Expected cost of a mixed network, differentiable, put together over the devices as the objectives are: 0 where every
/// operator is the cheapest of its device, 1 or less where each is the dearest. On one device it is the sum over all
/// mixed operators of softmax(gamma) . table, min-max normalised between `operators * min` and `operators * max`. Of
/// several each is a multiple of its reference, the largest range of which is the unit of all:
///   mean, each   weighted mean over the devices
///   worst        what fusion adds to the largest of weight / largest weight * (backbones + fusion), a smooth maximum
///                (logarithm of summed exponentials), so that devices nearly as bad count, too
/// Scalars; 0 where no device's table has the quantity, or all operators cost the same.
using HardwareLoss = PerQuantity<torch::Tensor>;
/// @param gammas [cell] (nodes, operators), weights (after softmax); of several lanes [cell] (lanes, nodes, operators),
///   and their costs add up. Source: method.md.
[[nodiscard]] HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes,
                                         const OperatorCosts& costs);
/// The same with costs that are at hand: in a training, where a device would have to be sent them in every step.
[[nodiscard]] HardwareLoss hardware_loss(const std::vector<torch::Tensor>& gammas, std::int64_t lanes,
                                         const NormalisedCosts& costs);
[[nodiscard]] NormalisedCosts normalised_costs(const OperatorCosts& costs, std::int64_t operators, std::int64_t lanes,
                                               torch::Device device);

}  // namespace harmonic
