#pragma once

#include <functional>

#include "core/base/rng.hpp"
#include "core/pareto/fronts.hpp"
#include "master/models/archive.hpp"

namespace harmonic {

/// What must be known of costs. Pure functions.
struct SearchCosts {
  /// The objectives beside the metric of one backbone alone, all minimised.
  std::function<Objectives(int modality, const BackboneGenome&)> backbone;
  Archive::Prices model;

  // Of limits that models keep within, and of devices that cannot run every network: where there are none, these.
  /// ModelPricing::least_violation, of all models with this backbone, and of all with these backbones and cells.
  std::function<double(int modality, const BackboneGenome&)> backbone_violation = [](int, const auto&) { return 0.0; };
  std::function<double(const MultimodalGenome&)> model_violation = [](const auto&) { return 0.0; };
  /// GeneChoices::repaired
  std::function<BackboneGenome(int modality, BackboneGenome, RandomStream&)> repaired =
      [](int, BackboneGenome genome, RandomStream&) { return genome; };
};

/// {100 - metric, costs…}
[[nodiscard]] Objectives with_metric(double metric, const Objectives& costs);

}  // namespace harmonic
