#include "master/search/batched_pairs.hpp"

#include <map>

namespace harmonic {

std::vector<SearchFusion> batched_pairs(const std::vector<FusionCandidate>& candidates, int at_most) {
  std::map<MacroArchitecture, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < candidates.size(); ++i) alike[candidates[i].genome.macro].push_back(i);

  const auto most = static_cast<std::size_t>(at_most);
  std::map<std::size_t, SearchFusion> pieces;  // by first candidate
  for (const auto& [macro, members] : alike) {
    const std::size_t count = (members.size() + most - 1) / most;
    const std::size_t size = members.size() / count, larger = members.size() % count;
    for (std::size_t piece = 0, next = 0; piece < count; ++piece) {
      auto& work = pieces[members[next]];
      for (std::size_t n = size + (piece < larger ? 1 : 0); n > 0; --n)
        work.candidates.push_back(candidates[members[next++]]);
    }
  }
  std::vector<SearchFusion> work;
  for (auto& [first, piece] : pieces) work.push_back(std::move(piece));
  return work;
}

}  // namespace harmonic
