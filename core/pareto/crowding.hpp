#pragma once

#include <vector>

#include "core/pareto/fronts.hpp"

namespace harmonic {

/// How much room each point of one front has, in the order of `front`: over the objectives, the sum of the gap between
/// its two neighbours over the front's extent. Infinite for the ends of every objective, so for fronts of one or two
/// points; an objective in which the whole front is alike adds nothing.
///   crowding_distance({{0,4}, {1,2}, {4,0}}, {0,1,2}) == {inf, 2, inf}     (4/4 + 4/4)
/// Points alike in an objective are taken in the order of the objective before, at first in the order of `front`.
/// O(M N log N) for N points of M objectives. Source: NSGA-II, IEEE TEVC 6(2), 2002.
/// @throws InputError as check_points
[[nodiscard]] std::vector<double> crowding_distance(const std::vector<Objectives>& points, const Front& front);

/// The same for every point within its own front, in the order of `points`. O(M N^2): the sort into fronts.
[[nodiscard]] std::vector<double> crowding_distance(const std::vector<Objectives>& points);

}  // namespace harmonic
