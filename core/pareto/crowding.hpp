#pragma once

#include <vector>

#include "core/pareto/fronts.hpp"

namespace harmonic {

/// How much room each point of one front has, in the order of `front`: over the objectives, the sum of the gap between
/// its two neighbours over the front's extent. Infinite for the ends of every objective, so for fronts of one or two
/// points; an objective in which the whole front is alike adds nothing.
///   crowding_distance({{0,4}, {1,2}, {4,0}}, {0,1,2}) == {inf, 2, inf}     (4/4 + 4/4)
/// Points alike in an objective are taken in the order of the objective before, at first in the order of `front`.
/// O(M N log N) for N points of M objectives in the front. Source: NSGA-II, IEEE TEVC 6(2), 2002.
/// @param points as check_points wants them
[[nodiscard]] std::vector<double> crowding_distance(const std::vector<Objectives>& points, const Front& front);

/// The same for every point within its own front, in the order of `points`. Cost and throws as fronts.
[[nodiscard]] std::vector<double> crowding_distance(const std::vector<Objectives>& points);

}  // namespace harmonic
