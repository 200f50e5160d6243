#pragma once

#include "core/base/rng.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// Uniform crossover: every gene from `first` with probability `p_first`, else from `second`. Published: 0.8.
[[nodiscard]] BackboneGenome crossover(const BackboneGenome& first, const BackboneGenome& second, double p_first,
                                       RandomStream& random);

/// Every gene changes with probability `p`, always to another value of the space. Published: 0.4.
[[nodiscard]] BackboneGenome mutate(const BackboneGenome& genome, const BackboneSpace& space, double p,
                                    RandomStream& random);

/// How a pair's macro-architecture is drawn. Published: 2 cells x 1 node; with probability 0.4 cells from {1,3,4};
/// with probability 0.4 nodes from {2,3,4}.
struct MacroOptions {
  MacroArchitecture usual;
  double p_other = 0.4;
  std::vector<int> other_cells = {1, 3, 4};
  std::vector<int> other_nodes = {2, 3, 4};
};
[[nodiscard]] MacroArchitecture draw_macro(const MacroOptions& options, RandomStream& random);

/// The macro-architecture's genes are the number of cells and the number of nodes: as for backbones.
[[nodiscard]] MacroArchitecture crossover(MacroArchitecture first, MacroArchitecture second, double p_first,
                                          RandomStream& random);
/// Each number changes with probability `p`, always to another of those that may be drawn.
[[nodiscard]] MacroArchitecture mutate(MacroArchitecture macro, const MacroOptions& options, double p,
                                       RandomStream& random);

}  // namespace harmonic
