#pragma once

#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/work/work.hpp"
#include "master/run/timeline.hpp"

namespace harmonic {

/// How long simulated pieces of work take: a function of the work and a seed, whoever does it.
class WorkDurations {
 public:
  /// @param text "lognormal:MEAN,DEVIATION": of a fusion search, mean in seconds (or as parse_seconds reads it), 1e-6 …
  ///   1e6, and standard deviation of the natural logarithm, 0 … 10; work of other kinds takes its usual share of that.
  ///   Or a file: one number of seconds a line, of fusion searches; or a run's timeline.csv, of which each kind has its
  ///   own
  /// @throws InputError: no such form, a mean or a deviation beyond that, a file that cannot be read or has no time in
  /// it
  WorkDurations(const std::string& text, Seed seed);

  /// Seconds, above 0. Parts of a piece of work are drawn one by one.
  [[nodiscard]] double of(const Work& work) const;

 private:
  void read(const std::string& path);
  [[nodiscard]] double drawn(TimelineKind kind, std::uint64_t key) const;

  Seed seed_;
  double mean_s_ = 0, deviation_ = 0;                                 ///< where no file tells
  std::vector<std::pair<TimelineKind, std::vector<double>>> seen_s_;  ///< by kind
};

}  // namespace harmonic
