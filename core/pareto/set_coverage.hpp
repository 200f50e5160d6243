#pragma once

#include <vector>

#include "core/pareto/fronts.hpp"

namespace harmonic {

/// True when `a` is nowhere worse than `b`: it dominates it or equals it. Both points have the same objectives.
[[nodiscard]] bool covers(const Objectives& a, const Objectives& b);

/// The share of `b` that some point of `a` covers, 0 … 1: the C-metric. 1 says that nothing of `b` is better in
/// anything than all of `a`; set_coverage(a, b) and set_coverage(b, a) need not add up to 1. Sets that are equal cover
/// each other.
///   set_coverage({{1,1}}, {{2,2}, {0,3}}) == 0.5
/// O(M A B). Source: Zitzler and Thiele, IEEE TEVC 3(4), 1999.
/// @throws InputError as check_points, over both sets, and when `b` is empty
[[nodiscard]] double set_coverage(const std::vector<Objectives>& a, const std::vector<Objectives>& b);

}  // namespace harmonic
