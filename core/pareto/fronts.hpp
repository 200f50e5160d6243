#pragma once

#include <cstddef>
#include <vector>

namespace harmonic {

/// One point of a multi-objective problem: every objective is minimised, every value finite.
using Objectives = std::vector<double>;
/// Indices of mutually non-dominated points, ascending.
using Front = std::vector<std::size_t>;

/// True when `a` is nowhere worse than `b` and somewhere better: equal points do not dominate each other.
///   dominates({1, 2}, {1, 3}) == true
/// O(M) for M objectives; both points have M.
[[nodiscard]] bool dominates(const Objectives& a, const Objectives& b);

/// Refuses points that cannot be compared. O(M N) for N points of M objectives.
/// @throws InputError when points differ in length, have no objective, or hold a value that is not finite.
void check_points(const std::vector<Objectives>& points);

/// Sorts points into fronts: the first is dominated by none, the next by points of the first alone, and so on.
///   fronts({{1,4}, {2,2}, {3,3}}) == {{0,1}, {2}};  fronts({}) == {}
/// O(N log N) time for N points of at most 2 objectives, at most O(M N^2) for M; O(M N) memory.
/// Source: efficient non-dominated sort with binary search (ENS-BS), IEEE TEVC 19(2), 2015.
/// @throws InputError as check_points
[[nodiscard]] std::vector<Front> fronts(const std::vector<Objectives>& points);

/// The 0-based front of every point.
///   front_ranks({{1,4}, {2,2}, {3,3}}) == {0, 0, 1}
/// Cost, source and throws as fronts.
[[nodiscard]] std::vector<std::size_t> front_ranks(const std::vector<Objectives>& points);

}  // namespace harmonic
