#pragma once

#include <cstddef>
#include <vector>

#include "core/pareto/fronts.hpp"

namespace harmonic {

/// Rank-and-crowding survival: indices of the `count` best points, best first. Earlier fronts win; within a front the
/// larger crowding distance; then the lower index, so that the same points give the same survivors everywhere.
/// All points, sorted, when there are no more than `count`.
///   survivors({{1,4}, {2,2}, {3,3}, {4,1}}, 2) == {0, 3}     (the ends of the first front {0,1,3})
/// Cost as fronts. Source: NSGA-II, IEEE TEVC 6(2), 2002.
/// @throws InputError as check_points
[[nodiscard]] std::vector<std::size_t> survivors(const std::vector<Objectives>& points, std::size_t count);

}  // namespace harmonic
