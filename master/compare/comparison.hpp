#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/statistics.hpp"
#include "master/compare/compared_runs.hpp"
#include "master/compare/published_comparison.hpp"

namespace harmonic {

/// What comes out of one run among others.
struct RunComparison {
  double hypervolume = 0;  ///< of its front, with the reference of all
  double best_val = 0;     ///< percent
  std::optional<double> best_test;
  /// [model of its front] letters of the other runs with a model that is nowhere worse and somewhere better. None: the
  /// model is on the joint front.
  std::vector<std::vector<std::string>> dominated_by;
  std::optional<PublishedComparison> published;

  [[nodiscard]] std::size_t on_joint_front() const;
};

/// A number of several runs that differ by their seed alone.
struct SeedSpread {
  std::string quantity;  ///< "hypervolume", "best metric_val", "best metric_test", "models"
  MeanInterval values;
};
struct SeedGroup {
  std::vector<std::size_t> runs;  ///< places, two at least
  std::vector<SeedSpread> spreads;
};

/// Runs over one another.
struct Comparison {
  ComparedRuns of;
  std::vector<RunComparison> runs;
  /// [a][b]: the share of b's front that a's covers (set_coverage).
  std::vector<std::vector<double>> coverage;
  std::vector<SeedGroup> seeds;
};

[[nodiscard]] Comparison compare_runs(ComparedRuns compared);

}  // namespace harmonic
