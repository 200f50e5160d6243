#pragma once

#include <cstddef>
#include <vector>

#include "core/pareto/fronts.hpp"

namespace harmonic {

// Points that have to keep within limits. How far one is beyond them is its violation: 0 within all, else above 0, also
// infinite. Deb's rules: what keeps within the limits is better than what does not; of two that do not the smaller
// violation is better; of two that do, dominance decides.
// Source: NSGA-II, IEEE TEVC 6(2), 2002, section VI.

/// True when `a` is better than `b` by those rules.
///   dominates({9, 9}, 0, {1, 1}, 0.1) == true
[[nodiscard]] bool dominates(const Objectives& a, double violation_a, const Objectives& b, double violation_b);

/// Rank-and-crowding survival by those rules: as survivors() of what keeps within the limits; then the others by
/// violation, the lower index first of equal ones. Where nothing is beyond a limit, it is survivors().
/// @param violations one a point @throws InputError as check_points
[[nodiscard]] std::vector<std::size_t> survivors(const std::vector<Objectives>& points,
                                                 const std::vector<double>& violations, std::size_t count);

}  // namespace harmonic
