#pragma once

#include <string>
#include <vector>

#include "core/hardware/model_size.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/hardware/objective.hpp"

namespace harmonic {

/// What a whole multimodal model costs.
struct ModelCosts {
  std::vector<Cost> devices;       ///< one a device, in the run's order
  std::vector<double> objectives;  ///< in the order of ModelPricing::objective_names, all minimised
  ModelSize size = {};
};

/// What the models of a run cost, and what of that the run minimises. Every objective is a multiple of what the
/// smallest sub-networks of all modalities cost together, without fusion.
class ModelPricing {
 public:
  /// @throws InputError when no objective is left: each is a quantity that a device's table lacks
  ModelPricing(DeviceSet devices, ModelSizing sizing, std::vector<Objective> objectives);

  [[nodiscard]] const DeviceSet& devices() const { return devices_; }
  [[nodiscard]] ModelCosts model(const MultimodalGenome& genome, const Genotype& genotype) const;
  /// The objectives of one backbone alone with its classifier.
  [[nodiscard]] std::vector<double> backbone(int modality, const BackboneGenome& genome) const;
  /// "latency", "macs", or, where every device's cost is an objective of its own, "latency.<device>"….
  [[nodiscard]] std::vector<std::string> objective_names() const;
  /// The same as columns of the CSVs.
  [[nodiscard]] std::vector<ObjectiveColumn> objective_columns() const;

 private:
  /// "device gpu has no energy in some rows of table gpu.json", of every objective.
  [[nodiscard]] std::vector<std::string> lacking_costs() const;
  [[nodiscard]] std::vector<double> objectives(const std::vector<Cost>& costs, const ModelSize& size) const;

  DeviceSet devices_;
  ModelSizing sizing_;
  std::vector<Objective> objectives_;
  ModelSize reference_;  ///< of the smallest sub-networks of all modalities
};

}  // namespace harmonic
