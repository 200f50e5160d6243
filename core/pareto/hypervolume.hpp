#pragma once

#include <vector>

#include "core/pareto/fronts.hpp"

namespace harmonic {

/// Volume of the region that the points dominate and that dominates `reference`; exact, any number of objectives.
/// Points that are not below the reference in every objective add nothing; no points, no volume.
///   hypervolume({{1,2}, {2,1}}, {3,3}) == 3
/// O(N log N) for N points of at most 3 objectives; of 4 about O(N^2), as most points bound little of what another
/// adds; each further one costs at most a factor N (fine for hundreds of points of 6). Sources: the sweeps along an
/// objective of HV3D and HV4D, IEEE CEC 2006 and EvoMUSART 2012; from 5 on the exclusive volumes and limit sets of WFG,
/// IEEE TEVC 16(1), 2012, one objective sliced off at each level.
/// @throws InputError as check_points; when the reference has another length or is not finite
[[nodiscard]] double hypervolume(const std::vector<Objectives>& points, const Objectives& reference);

/// The worst value of every objective: the reference that is taken when the user names none.
///   worst_point({{1,2}, {2,1}}) == {2, 2}
/// O(M N). @throws InputError as check_points, and when there is no point
[[nodiscard]] Objectives worst_point(const std::vector<Objectives>& points);

}  // namespace harmonic
