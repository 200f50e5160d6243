#pragma once

#include <span>
#include <vector>

#include "core/base/rng.hpp"
#include "core/pareto/fronts.hpp"

namespace harmonic {

/// A positive number of which only the distribution is known: its natural logarithm is normal.
struct LogNormal {
  double mean = 0;       ///< of the logarithm
  double deviation = 0;  ///< standard deviation of the logarithm; 0: exp(mean) is certain
};

/// How much hypervolume a point is expected to add to a front, when its first objective is uncertain and the others are
/// known. At every place of the others' space the front reaches down to some first objective; a point lowers that,
/// where it lies below, wherever its other objectives are no larger: the integral over that space of how far below it
/// is on average, which is known in closed form. The integral is a mean over random places, the same for all points, so
/// that time grows neither with the front nor, to speak of, with the number of objectives, as that of hypervolumes
/// does. Source: expected hypervolume improvement, IEEE CEC 2011, for one uncertain objective.
class ExpectedGain {
 public:
  /// Of an empty front. @param least, reference bounds of every objective, of the first alone the upper one counts
  /// @param places at which it is looked, 1 or more; the relative error is about one over the root of those that a
  ///   point's other objectives dominate
  ExpectedGain(const Objectives& least, const Objectives& reference, std::size_t places, RandomStream& random);

  /// O(P M) for P places and M objectives.
  void add(const Objectives& point);
  /// O(P M). @param others the point's further objectives, none of them below `least`
  [[nodiscard]] double of(LogNormal first, std::span<const double> others) const;

 private:
  struct Place {
    std::vector<double> others;
    double reached = 0;  ///< the front's least first objective here
  };
  std::vector<Place> places_;  ///< by `reached`, ascending
  double place_volume_ = 1;    ///< of the others' space, that each place stands for
};

}  // namespace harmonic
