#pragma once

#include <vector>

#include "core/work/work.hpp"
#include "master/models/archive.hpp"

namespace harmonic {

/// The models that the answer to fusion searches tells of, in the work's order; none when it is a Failure. The seconds
/// of a pass are shared out evenly among them.
[[nodiscard]] std::vector<ScoredModel> scored_models(const SearchFusion& work, const Result& result, int generation);

}  // namespace harmonic
