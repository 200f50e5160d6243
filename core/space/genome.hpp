#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/rng.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// One sub-network of a supernet. `kernel` and `expand` list every block position (4 a stage, stage by stage);
/// positions at or beyond their stage's depth are inactive: two genomes that differ only there are the same network.
/// A Maxout backbone has no genes: all three lists are empty.
struct BackboneGenome {
  std::vector<int> kernel;  ///< [4 * stage + block], kernel side: 3, 5 or 7
  /// [4 * stage + block], ratio of middle to input channels: 3, 4 or 6; of a fused block (Layer::fused) with a minus.
  std::vector<int> expand;
  std::vector<int> depth;  ///< [stage], blocks kept: 2, 3 or 4

  auto operator<=>(const BackboneGenome&) const = default;
};

/// How many fusion steps (cells), and how many operators inside each (nodes).
struct MacroArchitecture {
  int cells = 2;
  int nodes = 1;

  auto operator<=>(const MacroArchitecture&) const = default;
};

/// What the outer tier evolves: a backbone per modality, in the run's modality order, and the fusion's
/// macro-architecture.
struct MultimodalGenome {
  std::vector<BackboneGenome> backbones;
  MacroArchitecture macro;

  auto operator<=>(const MultimodalGenome&) const = default;
};

/// The same network with every inactive gene at 0: equal networks compare, and hash, as equal.
[[nodiscard]] BackboneGenome canonical(const BackboneGenome& genome);
[[nodiscard]] MultimodalGenome canonical(const MultimodalGenome& genome);

/// "K=5,5,5,5;E=3,3,4,3;D=2"; "fixed" for a backbone without genes.
[[nodiscard]] std::string to_text(const BackboneGenome& genome);
/// Reads the text above for `space` (inactive positions may hold 0), in capitals or not, its lists and values separated
/// by blanks as well. A list may have one value for all, or those of the active blocks alone; one that is left out is
/// the smallest: "K=5" is K=5,5,5,5;E=3,3,3,3;D=2. Besides, "smallest" and "largest".
/// @throws InputError naming the gene, its value and what the space allows, or showing the form for this space
[[nodiscard]] BackboneGenome parse_genome(std::string_view text, const BackboneSpace& space);
/// @throws InputError when a gene is not of the space, or a list has the wrong length.
void check_genome(const BackboneGenome& genome, const BackboneSpace& space);

[[nodiscard]] BackboneGenome smallest_genome(const BackboneSpace& space);
[[nodiscard]] BackboneGenome largest_genome(const BackboneSpace& space);
/// Every gene uniform over its options.
[[nodiscard]] BackboneGenome random_genome(const BackboneSpace& space, RandomStream& random);
/// Every distinct network of the space, canonical, in ascending order. Meant for small spaces (AV-MNIST: 7371).
/// @throws InputError when there are more than `limit`.
[[nodiscard]] std::vector<BackboneGenome> all_genomes(const BackboneSpace& space, std::size_t limit = 100'000);

}  // namespace harmonic
