#include "master/models/retraining_noise.hpp"

#include <cmath>

namespace harmonic {

std::optional<RetrainingNoise> retraining_noise(const Archive& archive) {
  double squares = 0, freedom = 0;
  for (const auto id : archive.retrained_again()) {
    const auto& model = archive.models().at(id);
    for (const double metric : model.retrained) squares += (metric - model.metric_val) * (metric - model.metric_val);
    freedom += static_cast<double>(model.retrained.size() - 1);
  }
  if (squares == 0) return std::nullopt;
  return RetrainingNoise{std::sqrt(squares / freedom), freedom};
}

bool is_retrainable(const ScoredModel& model) {
  return !model.retrained.empty() && model.genome.macro.cells > 0;
}

double retraining_variance(const ScoredModel& model, double deviation) {
  return is_retrainable(model) ? deviation * deviation / static_cast<double>(model.retrained.size()) : 0;
}

}  // namespace harmonic
