#pragma once

#include <optional>

#include "master/models/archive.hpp"

namespace harmonic {

/// How far retrainings of one model lie apart, as all models with two or more tell together.
struct RetrainingNoise {
  double deviation = 0;  ///< of one retraining's validation metric about its model's mean, percentage points
  double freedom = 0;    ///< degrees of it: retrainings beyond each model's first
};

/// sqrt(sum of squares within models / freedom), over the archive. Nothing before any model has two retrainings that
/// differ: on few samples equal ones show that the metric is coarse, not that there is no noise.
[[nodiscard]] std::optional<RetrainingNoise> retraining_noise(const Archive& archive);

/// Whether another retraining would give another metric. One that trains nothing at random (a network without cells)
/// has no noise; nor is there any where the protocol retrains nothing.
[[nodiscard]] bool is_retrainable(const ScoredModel& model);

/// Variance of a model's metric_val by retraining: deviation^2 / retrainings, in percentage points squared.
[[nodiscard]] double retraining_variance(const ScoredModel& model, double deviation);

}  // namespace harmonic
