#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "core/work/work.hpp"
#include "master/models/archive.hpp"

namespace harmonic {

// What every schedule asks of the models that it has. Pure functions of the archive.

/// Of the pool's models those that go on, `count` at most: rank and crowding, what keeps within the limits first
/// (survivors()). @param pool ids of models, in any order; of one that is there twice one counts
[[nodiscard]] std::vector<CandidateId> surviving_models(const Archive& archive, std::vector<CandidateId> pool,
                                                        std::size_t count);
/// The retrainings that tell contenders for the front apart, by id of the model. @param limit, failed as
/// next_retrainings
[[nodiscard]] std::vector<Work> race_work(const Archive& archive, int limit, const std::set<CandidateId>& failed);
/// The tests of the front's models that have none yet, by id.
[[nodiscard]] std::vector<Work> test_work(const Archive& archive);

}  // namespace harmonic
