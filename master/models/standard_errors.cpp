#include "master/models/standard_errors.hpp"

#include <cmath>

#include "master/models/retraining_noise.hpp"

namespace harmonic {

double sampling_error(double percent, double samples) {
  const double share = (samples * percent / 100 + 2) / (samples + 4);
  return 100 * std::sqrt(share * (1 - share) / samples);
}

double metric_val_error(const ScoredModel& model, double deviation, const SampleCounts& samples) {
  const double of_samples = sampling_error(model.metric_val, samples.val);
  return std::sqrt(retraining_variance(model, deviation) + of_samples * of_samples);
}

std::optional<double> metric_test_error(const ScoredModel& model, const SampleCounts& samples) {
  return model.metric_test ? std::optional(sampling_error(*model.metric_test, samples.test)) : std::nullopt;
}

}  // namespace harmonic
