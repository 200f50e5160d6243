#pragma once

#include <vector>

#include "core/work/work.hpp"

namespace harmonic {

/// Fusion searches as pieces of work of at most `at_most` (1 or more) candidates each, which have one
/// macro-architecture: they may train in one batched pass. As few pieces as that allows, as even as possible (5
/// candidates by at most 4: 3 and 2), so that no worker is left with a scrap. Candidates keep their order, pieces that
/// of their first candidates. A function of the arguments alone: the number of workers plays no part.
[[nodiscard]] std::vector<SearchFusion> batched_pairs(const std::vector<FusionCandidate>& candidates, int at_most);

}  // namespace harmonic
