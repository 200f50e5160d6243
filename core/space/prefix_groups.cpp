#include "core/space/prefix_groups.hpp"

#include <algorithm>
#include <iterator>

namespace harmonic {
namespace {

/// Genes in the order in which their blocks run; -1 ends a stage.
std::vector<int> prefix_key(const BackboneGenome& genome) {
  std::vector<int> key;
  for (std::size_t stage = 0; stage < genome.depth.size(); ++stage) {
    for (int block = 0; block < genome.depth[stage]; ++block) {
      const auto position = stage * BackboneSpace::kMaxDepth + static_cast<std::size_t>(block);
      key.push_back(genome.kernel[position]);
      key.push_back(genome.expand[position]);
    }
    key.push_back(-1);
  }
  return key;
}

bool same_first_block(const BackboneGenome& a, const BackboneGenome& b) {
  return a.kernel.empty() || (a.kernel.front() == b.kernel.front() && a.expand.front() == b.expand.front());
}

}  // namespace

std::vector<std::vector<BackboneGenome>> prefix_groups(std::vector<BackboneGenome> genomes, std::size_t largest) {
  std::ranges::stable_sort(genomes, {}, prefix_key);
  std::vector<std::vector<BackboneGenome>> groups;
  for (auto begin = genomes.begin(); begin != genomes.end();) {
    const auto end =
        std::find_if(begin, genomes.end(), [&](const auto& genome) { return !same_first_block(*begin, genome); });
    const auto count = static_cast<std::size_t>(end - begin);
    const std::size_t parts = (count + largest - 1) / largest;
    for (std::size_t part = 0; part < parts; ++part) {
      const auto at = [&](std::size_t i) {
        return std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(count * i / parts));
      };
      groups.emplace_back(at(part), at(part + 1));
    }
    begin = end;
  }
  return groups;
}

}  // namespace harmonic
