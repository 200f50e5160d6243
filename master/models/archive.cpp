#include "master/models/archive.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "core/pareto/constrained.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/space/genome_key.hpp"
#include "master/models/front.hpp"

namespace harmonic {
namespace {

bool is_searched(const ScoredModel& model) {
  return model.genotype.late == LateFusion::none;
}

}  // namespace

bool beats(const ScoredModel& a, const ScoredModel& b) {
  return dominates(a.objectives, a.costs.violation, b.objectives, b.costs.violation);
}

Hash128 KnownGenomes::key_of(const MultimodalGenome& genome) {
  std::vector<int> numbers = {genome.macro.cells, genome.macro.nodes};
  for (const auto& backbone : genome.backbones) add_genes(numbers, backbone);
  return hash128(std::as_bytes(std::span(numbers)));
}

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
  if (prices_) price(model);
  const bool searched = is_searched(model);
  if (const auto before = models_.find(model.id); before != models_.end() && is_searched(before->second)) --searched_;
  const auto [place, fresh] = models_.insert_or_assign(model.id, std::move(model));
  if (searched) ++searched_;
  note_retrainings(place->second);
  if (!prices_) return;
  if (fresh) {
    enter_front(place->second);
  } else {  // what the one before kept off the front may belong there
    price_with(std::move(prices_));
  }
}

void Archive::add_retrainings(std::span<const Retraining> retrainings) {
  std::set<CandidateId> moved;
  std::vector<std::pair<Objectives, double>> left;  // where members of the front were, and their violations
  for (const auto& retraining : retrainings) {
    auto& model = models_.at(retraining.model);
    moved.insert(model.id);
    if (std::erase(front_, model.id) > 0) left.emplace_back(model.objectives, model.costs.violation);
    model.retrained.push_back(retraining.metric_val);
    note_retrainings(model);
    model.seconds += retraining.seconds;
    model.metric_val = std::accumulate(model.retrained.begin(), model.retrained.end(), 0.0) /
                       static_cast<double>(model.retrained.size());
    if (prices_) model.objectives = with_metric(model.metric_val, model.costs.objectives);
  }
  if (!prices_) return;
  for (const auto id : moved) enter_front(models_.at(id));
  if (left.empty()) return;
  // Whom none of these kept off the front is kept off still.
  for (const auto& [id, model] : models_)
    if (!moved.contains(id) && std::ranges::any_of(left, [&](const auto& place) {
          return dominates(place.first, place.second, model.objectives, model.costs.violation);
        }))
      enter_front(model);
}

double Archive::best_metric() const {
  double best = 0;
  for (const auto id : front_) best = std::max(best, models_.at(id).metric_val);
  return best;
}

void Archive::price(ScoredModel& model) const {
  model.costs = prices_(model.genome, model.genotype);
  model.objectives = with_metric(model.metric_val, model.costs.objectives);
}

void Archive::note_retrainings(const ScoredModel& model) {
  if (model.retrained.size() > 1) {
    retrained_again_.insert(model.id);
  } else {
    retrained_again_.erase(model.id);
  }
}

void Archive::enter_front(const ScoredModel& model) {
  if (std::ranges::any_of(front_, [&](CandidateId id) { return beats(models_.at(id), model); })) return;
  std::erase_if(front_, [&](CandidateId id) { return beats(model, models_.at(id)); });
  front_.insert(std::ranges::lower_bound(front_, model.id), model.id);
}

double Archive::hypervolume(const Objectives& reference) const {
  std::vector<Objectives> points;
  for (const auto id : front_)
    if (const auto& model = models_.at(id); model.costs.violation == 0) points.push_back(model.objectives);
  return points.empty() ? 0 : harmonic::hypervolume(points, reference);
}

}  // namespace harmonic
