#include "core/space/late_fusion.hpp"

namespace harmonic {

MacroArchitecture macro_of(LateFusion late) {
  return {0, static_cast<int>(late)};
}

LateFusion late_fusion_of(MacroArchitecture macro) {
  for (const auto& [word, kind] : kLateFusions)
    if (macro == macro_of(kind)) return kind;
  return LateFusion::none;
}

std::vector<MultimodalGenome> late_fusions_of(const std::vector<BackboneGenome>& backbones) {
  std::vector<MultimodalGenome> genomes;
  for (const auto& [word, kind] : kLateFusions) genomes.push_back({backbones, macro_of(kind)});
  return genomes;
}

}  // namespace harmonic
