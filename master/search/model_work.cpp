#include "master/search/model_work.hpp"

#include <algorithm>
#include <utility>

#include "core/pareto/constrained.hpp"
#include "master/search/race.hpp"

namespace harmonic {

std::vector<CandidateId> surviving_models(const Archive& archive, std::vector<CandidateId> pool, std::size_t count) {
  std::ranges::sort(pool);
  pool.erase(std::unique(pool.begin(), pool.end()), pool.end());
  std::vector<Objectives> points;
  std::vector<double> violations;
  for (const auto id : pool) {
    const auto& model = archive.models().at(id);
    points.push_back(model.objectives);
    violations.push_back(model.costs.violation);
  }
  std::vector<CandidateId> kept;
  if (pool.empty()) return kept;
  for (const auto i : survivors(points, violations, count)) kept.push_back(pool[i]);
  return kept;
}

std::vector<Work> race_work(const Archive& archive, int limit, const std::set<CandidateId>& failed) {
  std::vector<Work> work;
  for (const auto id : next_retrainings(archive, limit, failed)) {
    const auto& model = archive.models().at(id);
    work.push_back(RetrainModel{id, model.genome, model.genotype, static_cast<int>(model.retrained.size())});
  }
  return work;
}

std::vector<Work> test_work(const Archive& archive) {
  std::vector<Work> work;
  for (const auto id : archive.front()) {
    const auto& model = archive.models().at(id);
    if (!model.metric_test) work.push_back(TestModel{id, model.genome, model.genotype});
  }
  return work;
}

}  // namespace harmonic
