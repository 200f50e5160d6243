#include "master/search/breeding.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <set>
#include <tuple>

namespace harmonic {
namespace {

constexpr int kTries = 64;  // draws for one new genome before the space counts as exhausted

/// Inactive genes of a canonical genome are 0. Crossover may switch them on, so they get values first.
BackboneGenome with_all_genes(BackboneGenome genome, const BackboneSpace& space, RandomStream& random) {
  for (auto& k : genome.kernel)
    if (k == 0) k = random.pick(space.kernels);
  for (auto& e : genome.expand)
    if (e == 0) e = random.pick(space.expands);
  return genome;
}

/// The genome with one of its active genes at another value; as it is where that gene has no other.
BackboneGenome neighbour(const BackboneGenome& genome, const BackboneSpace& space, RandomStream& random) {
  BackboneGenome changed = with_all_genes(genome, space, random);
  std::vector<std::pair<int*, const std::vector<int>*>> genes;
  for (std::size_t p = 0; p < genome.kernel.size(); ++p)
    if (genome.kernel[p] != 0) {  // active
      genes.emplace_back(&changed.kernel[p], &space.kernels);
      genes.emplace_back(&changed.expand[p], &space.expands);
    }
  for (auto& depth : changed.depth) genes.emplace_back(&depth, &space.depths);
  const auto [gene, options] = random.pick(genes);
  std::vector<int> others;
  std::ranges::copy_if(*options, std::back_inserter(others), [value = *gene](int option) { return option != value; });
  if (!others.empty()) *gene = random.pick(others);
  return changed;
}

/// Adds what `draw` makes until there are `count`, or nothing new comes for a while.
template <class Draw>
void fill(std::vector<BackboneGenome>& genomes, int count, const KnownBackbone& known, const Draw& draw) {
  std::set<BackboneGenome> present(genomes.begin(), genomes.end());
  for (int misses = 0; static_cast<int>(genomes.size()) < count && misses < kTries;) {
    auto genome = canonical(draw());
    if (known(genome) || !present.insert(genome).second) {
      ++misses;
      continue;
    }
    misses = 0;
    genomes.push_back(std::move(genome));
  }
}

BackboneGenome repaired(BackboneGenome genome, const RepairBackbone& repair, RandomStream& random) {
  return repair ? repair(std::move(genome), random) : genome;
}

/// Orders genomes by how much they compute, roughly: active blocks, then their channels, then their kernels.
std::tuple<int, int, int> weight_of(const BackboneGenome& genome) {
  const BackboneGenome active = canonical(genome);
  const auto sum = [](const std::vector<int>& genes) { return std::accumulate(genes.begin(), genes.end(), 0); };
  BackboneGenome widths = active;
  for (int& expand : widths.expand) expand = std::abs(expand);
  return {sum(active.depth), sum(widths.expand), sum(active.kernel)};
}

/// A child's macro-architecture, and the parent that has the same.
std::pair<MacroArchitecture, std::optional<CandidateId>> breed_macro(const std::vector<MacroParent>& parents,
                                                                     const EvolutionSettings& settings,
                                                                     RandomStream& random) {
  if (parents.empty()) return {draw_macro(settings.macro, random), std::nullopt};
  const auto& first = random.pick(parents);
  const auto& second = random.pick(parents);
  const auto macro = mutate(crossover(first.macro, second.macro, settings.crossover_first, random), settings.macro,
                            settings.mutation, random);
  for (const auto* parent : {&first, &second})
    if (parent->macro == macro) return {macro, parent->id};
  return {macro, std::nullopt};
}

}  // namespace

std::vector<BackboneGenome> first_population(const BackboneSpace& space, int count, RandomStream& random,
                                             const RepairBackbone& repair) {
  if (space.positions() == 0) return {BackboneGenome{}};
  const auto made = [&](BackboneGenome genome) { return repaired(std::move(genome), repair, random); };
  std::vector<BackboneGenome> genomes = {canonical(made(smallest_genome(space)))};
  if (const auto largest = canonical(made(largest_genome(space))); largest != genomes.front())
    genomes.push_back(largest);
  fill(
      genomes, count, [](const auto&) { return false; }, [&] { return made(random_genome(space, random)); });
  return genomes;
}

std::vector<BackboneGenome> next_population(const BackboneSpace& space, std::vector<BackboneGenome> kept,
                                            const std::vector<BackboneGenome>& parents,
                                            const EvolutionSettings& settings, const KnownBackbone& known,
                                            RandomStream& random, const RepairBackbone& repair,
                                            const std::vector<BackboneGenome>& front) {
  if (space.positions() == 0) return {BackboneGenome{}};
  constexpr double kNeighbours = 0.5;  // share of the children
  fill(kept, settings.population, known, [&] {
    if (!front.empty() && random.chance(kNeighbours))
      return repaired(neighbour(random.pick(front), space, random), repair, random);
    if (parents.empty()) return repaired(random_genome(space, random), repair, random);
    const auto first = with_all_genes(random.pick(parents), space, random);
    const auto second = with_all_genes(random.pick(parents), space, random);
    return repaired(
        mutate(crossover(first, second, settings.crossover_first, random), space, settings.mutation, random), repair,
        random);
  });
  return kept;
}

std::vector<MacroArchitecture> all_macros(const MacroOptions& options) {
  std::set<int> cells = {options.usual.cells}, nodes = {options.usual.nodes};
  if (options.p_other > 0) {
    cells.insert(options.other_cells.begin(), options.other_cells.end());
    nodes.insert(options.other_nodes.begin(), options.other_nodes.end());
  }
  std::vector<MacroArchitecture> all;
  for (const int c : cells)
    for (const int n : nodes) all.push_back({c, n});
  return all;
}

int pair_count(const std::vector<std::vector<BackboneGenome>>& survivors, int count, bool first) {
  if (count > 0) return count;
  for (const auto& modality : survivors) count = std::max(count, static_cast<int>(modality.size()));
  return first ? count + kAnchors : count;
}

MacroArchitecture smallest_macro(const MacroOptions& options) {
  MacroArchitecture smallest = options.usual;
  if (options.p_other > 0) {
    for (const int cells : options.other_cells) smallest.cells = std::min(smallest.cells, cells);
    for (const int nodes : options.other_nodes) smallest.nodes = std::min(smallest.nodes, nodes);
  }
  return smallest;
}

std::vector<Pairing> pair_up(const std::vector<std::vector<BackboneGenome>>& survivors, int count,
                             const std::vector<MacroParent>& parents, const EvolutionSettings& settings,
                             const KnownModel& known, RandomStream& random) {
  std::vector<std::vector<const BackboneGenome*>> decks;
  for (const auto& modality : survivors)
    for (auto& deck = decks.emplace_back(); const auto& genome : modality) deck.push_back(&genome);
  count = pair_count(survivors, count, parents.empty());
  std::set<MultimodalGenome> taken;
  std::vector<Pairing> pairs;
  if (parents.empty()) {
    // Nothing is cheaper than these: they anchor the front's cheap end, where random draws seldom come by.
    for (const auto& macro : {smallest_macro(settings.macro), settings.macro.usual}) {
      MultimodalGenome genome{{}, macro};
      for (const auto& modality : survivors) genome.backbones.push_back(std::ranges::min(modality, {}, weight_of));
      if (static_cast<int>(pairs.size()) < count && !known(genome) && taken.insert(genome).second)
        pairs.push_back({std::move(genome), std::nullopt});
    }
  }
  for (int i = 0; static_cast<int>(pairs.size()) < count && i < count; ++i) {
    Pairing pair;
    for (auto& deck : decks) {
      const std::size_t card = static_cast<std::size_t>(i) % deck.size();
      if (card == 0) random.shuffle(deck);
      pair.genome.backbones.push_back(*deck[card]);
    }
    for (int attempt = 0; attempt < kTries; ++attempt) {
      std::tie(pair.genome.macro, pair.parent) = breed_macro(parents, settings, random);
      if (attempt >= kTries / 4) {
        const std::size_t m = random.below(survivors.size());
        pair.genome.backbones[m] = random.pick(survivors[m]);
      }
      if (known(pair.genome) || !taken.insert(pair.genome).second) continue;
      pairs.push_back(pair);
      break;
    }
  }
  return pairs;
}

}  // namespace harmonic
