#include "master/search/feasible_pairs.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace harmonic {
namespace {

constexpr std::size_t kMostCombinations = 200'000;  // looked at

/// Every new combination of the survivors with every macro-architecture, and its violation.
std::vector<std::pair<double, MultimodalGenome>> all_new(const std::vector<std::vector<BackboneGenome>>& survivors,
                                                         const MacroOptions& options, const KnownModel& known,
                                                         const ModelViolation& violation) {
  const auto macros = all_macros(options);
  std::size_t count = macros.size();
  for (const auto& modality : survivors) count *= modality.size();
  std::vector<std::pair<double, MultimodalGenome>> found;
  for (std::size_t i = 0; i < std::min(count, kMostCombinations); ++i) {
    std::size_t number = i;
    MultimodalGenome genome{{}, macros[number % macros.size()]};
    number /= macros.size();
    for (const auto& modality : survivors) {
      genome.backbones.push_back(modality[number % modality.size()]);
      number /= modality.size();
    }
    if (!known(genome)) found.emplace_back(violation(genome), std::move(genome));
  }
  return found;
}

}  // namespace

std::vector<Pairing> pair_within_limits(const std::vector<std::vector<BackboneGenome>>& survivors, int count,
                                        const std::vector<MacroParent>& parents, const EvolutionSettings& settings,
                                        const KnownModel& known, const ModelViolation& violation,
                                        RandomStream& random) {
  bool limited = false;
  const auto not_to_try = [&](const MultimodalGenome& genome) {
    const bool beyond = violation(genome) > 0;
    limited = limited || beyond;
    return beyond || known(genome);
  };
  auto pairs = pair_up(survivors, count, parents, settings, not_to_try, random);
  const auto wanted = static_cast<std::size_t>(pair_count(survivors, count, parents.empty()));
  if (!limited || pairs.size() >= wanted) return pairs;

  std::set<MultimodalGenome> taken;
  for (const auto& pair : pairs) taken.insert(pair.genome);
  auto rest = all_new(survivors, settings.macro, known, violation);
  random.shuffle(rest);
  const auto beyond_limits = [](const auto& entry) { return entry.first; };
  if (wanted == 1) {  // what the sort would put first
    if (const auto least = std::ranges::min_element(rest, {}, beyond_limits); least != rest.end())
      pairs.push_back({std::move(least->second), std::nullopt});
    return pairs;
  }
  std::ranges::stable_sort(rest, {}, beyond_limits);
  for (auto& [beyond, genome] : rest) {
    if (pairs.size() >= wanted || (beyond > 0 && !taken.empty())) break;
    if (beyond == 0 && !taken.insert(genome).second) continue;
    pairs.push_back({std::move(genome), std::nullopt});
  }
  return pairs;
}

}  // namespace harmonic
