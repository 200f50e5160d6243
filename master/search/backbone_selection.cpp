#include "master/search/backbone_selection.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "core/pareto/constrained.hpp"
#include "core/space/prefix_groups.hpp"

namespace harmonic {

RepairBackbone repair_of(const SearchCosts& costs, int modality) {
  return [&costs, modality](BackboneGenome genome, RandomStream& random) {
    return costs.repaired(modality, std::move(genome), random);
  };
}

std::size_t share_of(std::size_t total, double share, std::size_t at_least) {
  return std::max(at_least, static_cast<std::size_t>(std::ceil(share * static_cast<double>(total) - 1e-9)));
}

std::vector<EvaluateBackbones> unscored_groups(const std::vector<BackboneGenome>& population, int modality,
                                               const BackboneMemo& memo) {
  std::vector<BackboneGenome> unscored;
  std::ranges::copy_if(population, std::back_inserter(unscored),
                       [&](const auto& genome) { return !memo.contains(modality, genome); });
  std::vector<EvaluateBackbones> groups;
  for (auto& group : prefix_groups(std::move(unscored))) groups.push_back({modality, std::move(group)});
  return groups;
}

std::vector<BackboneGenome> backbone_survivors(const std::vector<BackboneGenome>& population, int modality,
                                               const BackboneMemo& memo, const SearchCosts& costs,
                                               const EvolutionSettings& settings) {
  std::vector<BackboneGenome> scored, kept;
  std::vector<Objectives> points;
  std::vector<double> violations;
  for (const auto& genome : population) {
    const auto* score = memo.find(modality, genome);
    if (score == nullptr || !score->has_value()) continue;
    scored.push_back(genome);
    points.push_back(with_metric(**score, costs.backbone(modality, genome)));
    violations.push_back(costs.backbone_violation(modality, genome));
  }
  if (scored.empty()) return kept;
  const auto wanted = share_of(static_cast<std::size_t>(settings.population), settings.backbone_survivors, 1);
  for (const auto i : survivors(points, violations, wanted)) kept.push_back(scored[i]);
  return kept;
}

}  // namespace harmonic
