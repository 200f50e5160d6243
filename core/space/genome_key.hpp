#pragma once

#include <vector>

#include "core/space/genome.hpp"

namespace harmonic {

/// Adds what tells a backbone from every other: its lists, each behind its length. For keys that are hashes.
inline void add_genes(std::vector<int>& numbers, const BackboneGenome& genome) {
  for (const auto* genes : {&genome.kernel, &genome.expand, &genome.depth}) {
    numbers.push_back(static_cast<int>(genes->size()));
    numbers.insert(numbers.end(), genes->begin(), genes->end());
  }
}

}  // namespace harmonic
