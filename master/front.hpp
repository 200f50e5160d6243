#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/pareto/fronts.hpp"
#include "master/archive.hpp"

namespace harmonic {

/// What must be known of costs: the objectives beside the metric, all minimised. Pure functions.
struct SearchCosts {
  std::function<Objectives(int modality, const BackboneGenome&)> backbone;
  std::function<Objectives(const MultimodalGenome&, const std::vector<std::string>& operators)> model;
};

/// {100 - metric, costs…}
[[nodiscard]] Objectives with_metric(double metric, const Objectives& costs);
/// {100 - validation metric, costs…}
[[nodiscard]] Objectives objectives_of(const ScoredModel& model, const SearchCosts& costs);
/// The models that no other of the archive dominates, by id.
[[nodiscard]] std::vector<CandidateId> front_of(const Archive& archive, const SearchCosts& costs);
/// Hypervolume of that front below `reference`; 0 without models.
[[nodiscard]] double hypervolume_of(const Archive& archive, const SearchCosts& costs, const Objectives& reference);

}  // namespace harmonic
