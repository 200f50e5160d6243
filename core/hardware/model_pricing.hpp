#pragma once

#include <string>
#include <vector>

#include "core/hardware/limits.hpp"
#include "core/hardware/model_size.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/hardware/objective.hpp"

namespace harmonic {

/// What a whole multimodal model costs.
struct ModelCosts {
  std::vector<Cost> devices;       ///< one a device, in the run's order
  std::vector<double> objectives;  ///< in the order of ModelPricing::objective_names, all minimised
  ModelSize size = {};
  double violation = 0;  ///< of the run's limits (Limits::violation)
};

/// Bounds that models have to keep within, and what decides whether they can.
struct Bounded {
  std::vector<Bound> bounds;
  std::vector<std::string> operators = {};  ///< that fusion may use
  int fewest_cells = 0;                     ///< of a fusion; 0 where late fusion counts, too, or nothing is fused
};

/// What the models of a run cost, and what of that the run minimises. Every objective is a multiple of what the
/// smallest sub-networks of all modalities cost together, without fusion.
class ModelPricing {
 public:
  /// @throws InputError when no objective is left: each is a quantity that a device's table lacks; as Limits does; when
  ///   a bound is below what any model can reach, with that, or a device can run no network, or not an operator
  ModelPricing(DeviceSet devices, ModelSizing sizing, std::vector<Objective> objectives, const Bounded& bounded = {});

  [[nodiscard]] const DeviceSet& devices() const { return devices_; }
  [[nodiscard]] const Limits& limits() const { return limits_; }
  /// The least violation that a model with these backbones and so many cells can have, before its fusion is known.
  [[nodiscard]] double least_violation(const MultimodalGenome& genome) const;
  /// The same of every model that has this backbone.
  [[nodiscard]] double least_violation(int modality, const BackboneGenome& genome) const;
  /// [modality] what genes may be, that every device can run the backbone.
  [[nodiscard]] const std::vector<GeneChoices>& choices() const { return choices_; }
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
  /// What parts of a model cost at least, each number for itself.
  struct Least {
    std::vector<Cost> devices;
    ModelSize size;
  };
  [[nodiscard]] double violation_with(Least sum, double operators) const;
  void check_operators(const std::vector<std::string>& operators) const;

  Limits limits_;
  int fewest_cells_ = 0;
  std::vector<Least> least_;  ///< [modality]; none without bounds
  Least least_operator_;
  std::vector<GeneChoices> choices_;
};

}  // namespace harmonic
