#pragma once

#include <functional>
#include <vector>

#include "master/search/breeding.hpp"

namespace harmonic {

/// The least that a model of this genome can be beyond the run's limits (SearchCosts::model_violation).
using ModelViolation = std::function<double(const MultimodalGenome&)>;

/// pair_up() of models that have to keep within limits: none that cannot is among the pairs while the survivors have
/// others that are new. Where pair_up() comes by too few of these, the rest is drawn from all that there are; where
/// there is none at all, those are taken that have to be beyond the limits by least.
/// Where nothing is beyond a limit, it is pair_up().
[[nodiscard]] std::vector<Pairing> pair_within_limits(const std::vector<std::vector<BackboneGenome>>& survivors,
                                                      int count, const std::vector<MacroParent>& parents,
                                                      const EvolutionSettings& settings, const KnownModel& known,
                                                      const ModelViolation& violation, RandomStream& random);

}  // namespace harmonic
