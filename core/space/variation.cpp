#include "core/space/variation.hpp"

#include <algorithm>

namespace harmonic {
namespace {

void change(int& gene, const std::vector<int>& options, double p, RandomStream& random) {
  if (!random.chance(p)) return;
  std::vector<int> others;
  std::ranges::copy_if(options, std::back_inserter(others), [&](int option) { return option != gene; });
  if (!others.empty()) gene = random.pick(others);
}

}  // namespace

BackboneGenome crossover(const BackboneGenome& first, const BackboneGenome& second, double p_first,
                         RandomStream& random) {
  BackboneGenome child = first;
  const auto mix = [&](std::vector<int>& genes, const std::vector<int>& other) {
    for (std::size_t i = 0; i < genes.size(); ++i)
      if (!random.chance(p_first)) genes[i] = other[i];
  };
  mix(child.kernel, second.kernel);
  mix(child.expand, second.expand);
  mix(child.depth, second.depth);
  return child;
}

BackboneGenome mutate(const BackboneGenome& genome, const BackboneSpace& space, double p, RandomStream& random) {
  BackboneGenome child = genome;
  for (auto& k : child.kernel) change(k, space.kernels, p, random);
  for (auto& e : child.expand) change(e, space.expands, p, random);
  for (auto& d : child.depth) change(d, space.depths, p, random);
  return child;
}

MacroArchitecture draw_macro(const MacroOptions& options, RandomStream& random) {
  MacroArchitecture macro = options.usual;
  if (random.chance(options.p_other) && !options.other_cells.empty()) macro.cells = random.pick(options.other_cells);
  if (random.chance(options.p_other) && !options.other_nodes.empty()) macro.nodes = random.pick(options.other_nodes);
  return macro;
}

MacroArchitecture crossover(MacroArchitecture first, MacroArchitecture second, double p_first, RandomStream& random) {
  const int cells = random.chance(p_first) ? first.cells : second.cells;
  const int nodes = random.chance(p_first) ? first.nodes : second.nodes;
  return {cells, nodes};
}

MacroArchitecture mutate(MacroArchitecture macro, const MacroOptions& options, double p, RandomStream& random) {
  const auto drawable = [&](int usual, std::vector<int> values) {
    if (options.p_other == 0) values.clear();
    values.push_back(usual);
    return values;
  };
  change(macro.cells, drawable(options.usual.cells, options.other_cells), p, random);
  change(macro.nodes, drawable(options.usual.nodes, options.other_nodes), p, random);
  return macro;
}

}  // namespace harmonic
