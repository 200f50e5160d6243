#pragma once

#include <vector>

#include "core/work/work.hpp"
#include "master/search/breeding.hpp"

namespace harmonic {

/// The late fusions (LateFusion) of the candidates' combinations of backbones, a piece of work a combination, in the
/// candidates' order; without those that are known. Their ids are not set.
[[nodiscard]] std::vector<SearchFusion> late_fusions(const std::vector<FusionCandidate>& candidates,
                                                     const KnownModel& known);

}  // namespace harmonic
