#pragma once

#include <set>
#include <vector>

#include "master/models/archive.hpp"

namespace harmonic {

/// Racing for the front: who is retrained again, given how far retrainings of one model lie apart (RetrainingNoise). A
/// pure function of the archive.
///
/// Two models compete when one costs no more than the other in everything: if it is as accurate, the other is off the
/// front. They are told apart when their metrics differ by at least t * deviation * sqrt(1 / n + 1 / n') (n, n': their
/// retrainings; t: Student's, one-sided 95 %: of twenty models that are as good one loses). A model may be on the front
/// unless a member that costs no more is better, and they are told apart.
///
/// Every member of the front races each model that it competes with, that may be on the front, and that it is not told
/// apart from: both get one more retraining, up to the limit. Models that are equal in all need no race. Before the
/// noise is known the members of the front get one more each, which tells it; where none of them can be retrained, the
/// front of those models that can.
///
/// @param limit retrainings of a model in all
/// @param failed models whose retraining failed: they get no more
/// @return by id; none: the race is over. O(F N) for a front of F and N models
[[nodiscard]] std::vector<CandidateId> next_retrainings(const Archive& archive, int limit,
                                                        const std::set<CandidateId>& failed = {});

/// The front and every other model that may be on it, by id. The same rule and cost.
[[nodiscard]] std::vector<CandidateId> contenders(const Archive& archive);

}  // namespace harmonic
