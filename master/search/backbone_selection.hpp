#pragma once

#include <cstddef>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/work/work.hpp"
#include "master/models/front.hpp"
#include "master/search/breeding.hpp"
#include "master/search/memo.hpp"

namespace harmonic {

/// How many of `total` are kept. @param share 0 … 1
[[nodiscard]] std::size_t share_of(std::size_t total, double share, std::size_t at_least);

/// SearchCosts::repaired of one modality. @param costs outlives what comes out
[[nodiscard]] RepairBackbone repair_of(const SearchCosts& costs, int modality);

/// The evaluations that a population lacks, as groups that share a prefix: the same ones for any number of workers.
[[nodiscard]] std::vector<EvaluateBackbones> unscored_groups(const std::vector<BackboneGenome>& population,
                                                             int modality, const BackboneMemo& memo);

/// Those of a population that go on to fusion: rank and crowding by error and costs. None where nothing is scored.
[[nodiscard]] std::vector<BackboneGenome> backbone_survivors(const std::vector<BackboneGenome>& population,
                                                             int modality, const BackboneMemo& memo,
                                                             const SearchCosts& costs,
                                                             const EvolutionSettings& settings);

}  // namespace harmonic
