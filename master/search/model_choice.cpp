#include "master/search/model_choice.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <queue>
#include <set>

#include "core/pareto/constrained.hpp"
#include "core/pareto/expected_gain.hpp"
#include "core/pareto/hypervolume.hpp"
#include "core/space/layers.hpp"
#include "core/work/expected_cost.hpp"
#include "master/search/error_model.hpp"

namespace harmonic {
namespace {

constexpr std::size_t kBackbones = 32;       // of a modality that candidates are made of, at most
constexpr std::size_t kCandidates = 16'384;  // more combinations than this are not looked at, but drawn from
constexpr std::size_t kLatest = 400;         // models that are learned from, at most: it takes O(N^3)
constexpr std::size_t kPlaces = 2048;        // at which expected gains are looked at
constexpr std::size_t kDealt = 8;            // every so many pairs, one is as evolution deals it
constexpr double kLeastError = 0.05;         // percent; what is counted below that, 0 has no logarithm
constexpr double kBeyondWorst = 0.1;         // of the objectives' ranges: so that the ends of a front count, too

double log_error(double metric) {
  return std::log(std::max(100 - metric, kLeastError));
}

/// A backbone as the models that hold it see it.
struct Backbone {
  BackboneGenome genome;
  int number = 0;  ///< of its modality
  double log_error = 0;
  Objectives costs;          ///< beside the error
  std::vector<double> logs;  ///< of the mean width of its features and of its costs
};

/// Of a scored one.
Backbone backbone_of(const Knowledge& known, std::size_t modality, const BackboneGenome& genome, int number,
                     double metric) {
  const int m = static_cast<int>(modality);
  Backbone backbone{genome, number, log_error(metric), known.costs.backbone(m, genome), {}};
  auto widths = feature_channels(known.spaces[modality], genome, 1);
  widths.pop_back();  // the logits
  backbone.logs.push_back(
      std::log(std::accumulate(widths.begin(), widths.end(), 0.0) / static_cast<double>(widths.size())));
  for (const double cost : backbone.costs) backbone.logs.push_back(std::log(std::max(cost, 1e-9)));
  return backbone;
}

/// All backbones of a modality that could be evaluated.
std::map<BackboneGenome, Backbone> scored_backbones(const Knowledge& known, std::size_t modality) {
  std::map<BackboneGenome, Backbone> scored;
  const auto& scores = known.memo.scores();
  const auto of = scores.find(static_cast<int>(modality));
  if (of == scores.end()) return scored;
  for (const auto& [genome, metric] : of->second)
    if (metric) scored.emplace(genome, backbone_of(known, modality, genome, static_cast<int>(scored.size()), *metric));
  return scored;
}

using Combination = std::vector<const Backbone*>;  ///< [modality]

ModelFeatures features_of(const Combination& backbones, MacroArchitecture macro) {
  ModelFeatures features;
  for (const auto* backbone : backbones) {
    features.errors.push_back(backbone->log_error);
    features.backbones.push_back(backbone->number);
    features.others.insert(features.others.end(), backbone->logs.begin(), backbone->logs.end());
  }
  features.others.push_back(std::log(macro.cells));
  features.others.push_back(std::log(macro.nodes));
  return features;
}

Objectives summed_costs(const Combination& backbones) {
  Objectives sum = backbones.at(0)->costs;
  for (std::size_t m = 1; m < backbones.size(); ++m)
    std::ranges::transform(sum, backbones[m]->costs, sum.begin(), std::plus());
  return sum;
}

double operator_count(MacroArchitecture macro) {
  return macro.cells * macro.nodes;
}

/// A model that may be searched for, or was.
struct Candidate {
  Combination backbones;
  MacroArchitecture macro;

  [[nodiscard]] MultimodalGenome genome() const {
    MultimodalGenome made{{}, macro};
    for (const auto* backbone : backbones) made.backbones.push_back(backbone->genome);
    return made;
  }
  /// Expected; no unit.
  [[nodiscard]] double seconds() const { return expected_cost(SearchFusion{{{CandidateId{}, genome()}}}); }
};

class Choice {
 public:
  Choice(const Knowledge& known, const EvolutionSettings& settings) : known_(known), settings_(settings) {
    for (std::size_t m = 0; m < known.spaces.size(); ++m) scored_.push_back(scored_backbones(known, m));
    learn();
  }

  /// At most `count` pairs; what is in `taken` is left out, what is chosen added.
  std::vector<Pairing> best(std::size_t count, std::set<MultimodalGenome>& taken, RandomStream& random);

 private:
  void learn();
  [[nodiscard]] std::optional<Combination> combination(const MultimodalGenome& genome) const;
  [[nodiscard]] std::vector<Candidate> candidates(RandomStream& random) const;
  [[nodiscard]] Objectives costs_of(const Candidate& candidate) const;

  const Knowledge& known_;
  const EvolutionSettings& settings_;
  std::vector<std::map<BackboneGenome, Backbone>> scored_;  ///< [modality]
  std::optional<ErrorModel> errors_;
  Objectives operator_costs_;      ///< mean of what an operator of a fusion adds to the backbones' costs
  std::vector<Objectives> front_;  ///< of the known models, with errors as predicted, without luck, where they are
};

std::optional<Combination> Choice::combination(const MultimodalGenome& genome) const {
  Combination backbones;
  for (std::size_t m = 0; m < scored_.size(); ++m) {
    const auto found = scored_[m].find(canonical(genome.backbones[m]));
    if (found == scored_[m].end()) return std::nullopt;
    backbones.push_back(&found->second);
  }
  return backbones;
}

void Choice::learn() {
  const auto& models = known_.archive.models();
  std::set<CandidateId> latest;
  for (auto it = models.rbegin(); it != models.rend() && latest.size() < kLatest; ++it)
    if (it->second.genome.macro.cells > 0) latest.insert(it->first);
  std::set<CandidateId> ids = latest;
  ids.insert(known_.archive.front().begin(), known_.archive.front().end());

  std::vector<ModelFeatures> learned_from, predictable;
  std::vector<double> log_errors;
  std::vector<std::size_t> at;  // of the predictable, in `points`
  std::vector<Objectives> points;
  std::vector<double> violations;
  double operators = 0;
  for (const auto id : ids) {
    const auto& model = models.at(id);
    points.push_back(model.objectives);
    violations.push_back(model.costs.violation);
    const auto backbones = model.genome.macro.cells > 0 ? combination(model.genome) : std::nullopt;
    if (!backbones) continue;
    at.push_back(points.size() - 1);
    predictable.push_back(features_of(*backbones, model.genome.macro));
    if (latest.contains(id)) {
      learned_from.push_back(predictable.back());
      log_errors.push_back(log_error(model.metric_val));
    }
    const auto alone = summed_costs(*backbones);
    operator_costs_.resize(alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) operator_costs_[i] += model.objectives[i + 1] - alone[i];
    operators += operator_count(model.genome.macro);
  }
  for (auto& cost : operator_costs_) cost = std::max(0.0, cost / operators);
  errors_.emplace(learned_from, log_errors);
  const auto predicted = errors_->predict(predictable);
  for (std::size_t i = 0; i < at.size(); ++i) points[at[i]][0] = std::exp(predicted[i].mean);
  std::vector<Objectives> allowed;  // within the run's limits
  for (std::size_t i = 0; i < points.size(); ++i)
    if (violations[i] == 0) allowed.push_back(points[i]);
  if (allowed.empty()) return;
  const auto ranked = fronts(allowed);
  for (const auto i : ranked.front()) front_.push_back(allowed[i]);
}

std::vector<Candidate> Choice::candidates(RandomStream& random) const {
  std::vector<std::vector<const Backbone*>> backbones;
  std::size_t count = 1;
  for (const auto& of_modality : scored_) {
    std::vector<const Backbone*> all;
    std::vector<Objectives> points;
    std::vector<double> violations;
    for (const auto& [genome, backbone] : of_modality) {
      all.push_back(&backbone);
      violations.push_back(known_.costs.backbone_violation(static_cast<int>(backbones.size()), genome));
      points.push_back({backbone.log_error});
      points.back().insert(points.back().end(), backbone.costs.begin(), backbone.costs.end());
    }
    auto& best = backbones.emplace_back();
    for (const auto i : survivors(points, violations, kBackbones)) best.push_back(all[i]);
    count *= best.size();
  }
  const auto macros = all_macros(settings_.macro);
  count *= macros.size();
  std::vector<Candidate> made(std::min(count, kCandidates));
  for (std::size_t i = 0; i < made.size(); ++i) {
    std::size_t number = count <= kCandidates ? i : random.below(count);
    const auto next = [&](const auto& options) {
      const auto& picked = options[number % options.size()];
      number /= options.size();
      return picked;
    };
    made[i].macro = next(macros);
    for (const auto& of_modality : backbones) made[i].backbones.push_back(next(of_modality));
  }
  return made;
}

Objectives Choice::costs_of(const Candidate& candidate) const {
  auto costs = summed_costs(candidate.backbones);
  for (std::size_t i = 0; i < operator_costs_.size(); ++i)
    costs[i] += operator_costs_[i] * operator_count(candidate.macro);
  return costs;
}

std::vector<Pairing> Choice::best(std::size_t count, std::set<MultimodalGenome>& taken, RandomStream& random) {
  const auto all = candidates(random);
  std::vector<ModelFeatures> features;
  std::vector<Objectives> costs;
  for (const auto& candidate : all) {
    features.push_back(features_of(candidate.backbones, candidate.macro));
    costs.push_back(costs_of(candidate));
  }
  const auto errors = errors_->predict(features);
  std::vector<Objectives> points = front_;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Objectives point = {std::exp(errors[i].mean)};
    point.insert(point.end(), costs[i].begin(), costs[i].end());
    points.push_back(std::move(point));
  }
  Objectives reference = worst_point(points), least = reference;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    for (const auto& point : points) least[i] = std::min(least[i], point[i]);
    reference[i] += kBeyondWorst * (reference[i] - least[i]);
  }
  ExpectedGain expected(least, reference, kPlaces, random);
  for (const auto& point : front_) expected.add(point);
  const auto gain = [&](std::size_t i) {
    return expected.of({errors[i].mean, errors[i].deviation}, costs[i]) / all[i].seconds();
  };
  // A gain only falls as the front grows: one that is still the largest when it is worked out again needs no others.
  std::vector<Pairing> chosen;
  struct Entry {
    double gain;
    std::size_t candidate, chosen;  ///< when it was worked out
    bool operator<(const Entry& o) const { return gain != o.gain ? gain < o.gain : candidate > o.candidate; }
  };
  std::priority_queue<Entry> queue;
  for (std::size_t i = 0; i < all.size(); ++i) queue.push({gain(i), i, chosen.size()});
  while (chosen.size() < count && !queue.empty() && queue.top().gain > 0) {
    const auto [_, i, when] = queue.top();
    queue.pop();
    auto genome = all[i].genome();
    if (known_.archive.knows(genome) || taken.contains(genome) || known_.costs.model_violation(genome) > 0) continue;
    if (when != chosen.size()) {
      queue.push({gain(i), i, chosen.size()});
      continue;
    }
    taken.insert(genome);
    chosen.push_back({std::move(genome), std::nullopt, std::max(0.0, 100 - std::exp(errors[i].mean))});
    expected.add(points[front_.size() + i]);
  }
  return chosen;
}

}  // namespace

std::vector<Pairing> choose_pairs(const std::vector<Pairing>& dealt, const Knowledge& known,
                                  const std::vector<MacroParent>& parents, const EvolutionSettings& settings,
                                  RandomStream& random) {
  const std::size_t kept = (dealt.size() + kDealt - 1) / kDealt;
  std::vector<Pairing> pairs(dealt.begin(), dealt.begin() + static_cast<std::ptrdiff_t>(kept));
  std::set<MultimodalGenome> taken;
  for (const auto& pair : pairs) taken.insert(pair.genome);
  for (auto& pair : Choice(known, settings).best(dealt.size() - kept, taken, random)) {
    const auto like = std::ranges::find(parents, pair.genome.macro, &MacroParent::macro);
    if (like != parents.end()) pair.parent = like->id;
    pairs.push_back(std::move(pair));
  }
  for (auto pair = dealt.begin() + static_cast<std::ptrdiff_t>(kept);
       pairs.size() < dealt.size() && pair != dealt.end(); ++pair)
    if (taken.insert(pair->genome).second) pairs.push_back(*pair);
  return pairs;
}

}  // namespace harmonic
