#pragma once

#include <cstddef>
#include <vector>

#include "core/pareto/fronts.hpp"

namespace harmonic {

/// How far each point is from having the best of every objective: every objective is scaled to 0 (the least among the
/// points) … 1 (the most), and the sum of these is taken. An objective in which all are alike adds nothing.
///   ideal_distances({{0,4}, {1,1}, {4,0}}) == {1, 0.5, 1}
/// O(M N) for N points of M objectives. @throws InputError as check_points
[[nodiscard]] std::vector<double> ideal_distances(const std::vector<Objectives>& points);

/// The knee of a front: the point of the least ideal_distance, where a further gain in one objective begins to cost
/// more of the others than it is worth, by their spans. Of several that of the lowest index.
///   knee({{0,4}, {1,1}, {4,0}}) == 1
/// Source: the minimum Manhattan distance approach, Chiu, Yen and Juan, IEEE TEVC 20(6), 2016.
/// @throws InputError as check_points, and when there is no point
[[nodiscard]] std::size_t knee(const std::vector<Objectives>& points);

}  // namespace harmonic
