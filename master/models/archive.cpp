#include "master/models/archive.hpp"

#include <algorithm>

#include "core/pareto/hypervolume.hpp"
#include "master/models/front.hpp"

namespace harmonic {

void Archive::price_with(Prices prices) {
  prices_ = std::move(prices);
  front_.clear();
  for (auto& [id, model] : models_) {
    price(model);
    enter_front(model);
  }
}

void Archive::add(ScoredModel model) {
  known_.insert(model.genome);
  best_metric_ = std::max(best_metric_, model.metric_val);
  if (prices_) price(model);
  const auto [place, fresh] = models_.insert_or_assign(model.id, std::move(model));
  if (!prices_) return;
  if (fresh) {
    enter_front(place->second);
  } else {  // what the one before kept off the front may belong there
    price_with(std::move(prices_));
  }
}

void Archive::price(ScoredModel& model) const {
  model.costs = prices_(model.genome, model.genotype);
  model.objectives = with_metric(model.metric_val, model.costs.objectives);
}

void Archive::enter_front(const ScoredModel& model) {
  const auto objectives = [&](CandidateId id) -> const Objectives& { return models_.at(id).objectives; };
  if (std::ranges::any_of(front_, [&](CandidateId id) { return dominates(objectives(id), model.objectives); })) return;
  std::erase_if(front_, [&](CandidateId id) { return dominates(model.objectives, objectives(id)); });
  front_.insert(std::ranges::lower_bound(front_, model.id), model.id);
}

double Archive::hypervolume(const Objectives& reference) const {
  std::vector<Objectives> points;
  for (const auto id : front_) points.push_back(models_.at(id).objectives);
  return points.empty() ? 0 : harmonic::hypervolume(points, reference);
}

}  // namespace harmonic
