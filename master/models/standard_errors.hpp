#pragma once

#include <optional>

#include "master/models/archive.hpp"

namespace harmonic {

/// Samples that metrics are of; varied views of one count as one.
struct SampleCounts {
  double val = 0, test = 0;
};

/// Standard error of a share of so many samples, percentage points: sqrt(p (1 - p) / samples). p is the share with two
/// samples of each outcome added (Agresti and Coull): that no sample is wrong does not show that none ever is.
/// @param percent of the samples, 0 … 100
[[nodiscard]] double sampling_error(double percent, double samples);

/// Of metric_val: of its retrainings, with the noise of all models (0 before it is known), and of the samples together.
/// @param deviation RetrainingNoise::deviation
[[nodiscard]] double metric_val_error(const ScoredModel& model, double deviation, const SampleCounts& samples);
/// Of metric_test, of the samples alone: it is the kept weights'. Nothing before test is read.
[[nodiscard]] std::optional<double> metric_test_error(const ScoredModel& model, const SampleCounts& samples);

}  // namespace harmonic
