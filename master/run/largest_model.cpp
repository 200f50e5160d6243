#include "master/run/largest_model.hpp"

#include <algorithm>

namespace harmonic {

MultimodalGenome largest_model(const SearchSettings& settings) {
  const auto& macro = settings.evolution.macro;
  MultimodalGenome largest{{}, macro.usual};
  for (const int cells : macro.other_cells) largest.macro.cells = std::max(largest.macro.cells, cells);
  for (const int nodes : macro.other_nodes) largest.macro.nodes = std::max(largest.macro.nodes, nodes);
  for (const auto& modality : settings.modalities) largest.backbones.push_back(largest_genome(modality.space));
  return largest;
}

}  // namespace harmonic
