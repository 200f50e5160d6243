#include "master/front.hpp"

#include "core/pareto/hypervolume.hpp"

namespace harmonic {

Objectives with_metric(double metric, const Objectives& costs) {
  Objectives point = {100 - metric};
  point.insert(point.end(), costs.begin(), costs.end());
  return point;
}

Objectives objectives_of(const ScoredModel& model, const SearchCosts& costs) {
  return with_metric(model.metric_val, costs.model(model.genome, operators_of(model.genotype)));
}

std::vector<CandidateId> front_of(const Archive& archive, const SearchCosts& costs) {
  std::vector<CandidateId> ids;
  std::vector<Objectives> points;
  for (const auto& [id, model] : archive.models()) {
    ids.push_back(id);
    points.push_back(objectives_of(model, costs));
  }
  std::vector<CandidateId> best;
  const auto all = fronts(points);
  if (!all.empty())
    for (const auto i : all.front()) best.push_back(ids[i]);
  return best;
}

double hypervolume_of(const Archive& archive, const SearchCosts& costs, const Objectives& reference) {
  std::vector<Objectives> points;
  for (const auto id : front_of(archive, costs)) points.push_back(objectives_of(archive.models().at(id), costs));
  return points.empty() ? 0 : hypervolume(points, reference);
}

}  // namespace harmonic
