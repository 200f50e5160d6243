#include "master/models/scored_models.hpp"

namespace harmonic {

std::vector<ScoredModel> scored_models(const SearchFusion& work, const Result& result, int generation) {
  std::vector<ScoredModel> models;
  const auto* found = std::get_if<FusionScores>(&result.outcome);
  if (found == nullptr) return models;
  const double seconds = result.seconds / static_cast<double>(work.candidates.size());
  for (std::size_t i = 0; i < work.candidates.size(); ++i) {
    const auto& score = found->scores.at(i);
    auto& model = models.emplace_back(ScoredModel{work.candidates[i].candidate, generation, work.candidates[i].genome,
                                                  score.metric_val, score.genotype, seconds, score.metric_test,
                                                  score.architecture});
    if (!score.metric_test) model.retrained = {score.metric_val};  // protocol published retrains nothing
  }
  return models;
}

}  // namespace harmonic
