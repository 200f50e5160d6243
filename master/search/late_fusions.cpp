#include "master/search/late_fusions.hpp"

#include <set>

namespace harmonic {

std::vector<SearchFusion> late_fusions(const std::vector<FusionCandidate>& candidates, const KnownModel& known) {
  std::vector<SearchFusion> pieces;
  std::set<std::vector<BackboneGenome>> seen;
  for (const auto& candidate : candidates) {
    if (!seen.insert(candidate.genome.backbones).second) continue;
    SearchFusion piece;
    for (auto& genome : late_fusions_of(candidate.genome.backbones))
      if (!known(genome)) piece.candidates.push_back({{}, std::move(genome)});
    if (!piece.candidates.empty()) pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace harmonic
