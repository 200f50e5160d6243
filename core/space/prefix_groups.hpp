#pragma once

#include <cstddef>
#include <vector>

#include "core/space/genome.hpp"

namespace harmonic {

/// Cuts genomes into groups that share their first block (all that runs before it is shared anyway), of at most
/// `largest`, a first block's groups as even as can be, neighbours in a group sharing as long a prefix as possible.
/// Evaluated group by group, a shared block is computed once a group.
[[nodiscard]] std::vector<std::vector<BackboneGenome>> prefix_groups(std::vector<BackboneGenome> genomes,
                                                                     std::size_t largest = 8);

}  // namespace harmonic
