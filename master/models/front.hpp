#pragma once

#include <functional>

#include "core/pareto/fronts.hpp"
#include "master/models/archive.hpp"

namespace harmonic {

/// What must be known of costs. Pure functions.
struct SearchCosts {
  /// The objectives beside the metric of one backbone alone, all minimised.
  std::function<Objectives(int modality, const BackboneGenome&)> backbone;
  Archive::Prices model;
};

/// {100 - metric, costs…}
[[nodiscard]] Objectives with_metric(double metric, const Objectives& costs);

}  // namespace harmonic
