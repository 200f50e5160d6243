#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "core/base/rng.hpp"
#include "core/space/genome.hpp"
#include "core/space/layers.hpp"

namespace harmonic {

/// What the genes of a space may be when some of its layers cannot be had: on a device that has no such operator. A
/// block's layer depends on its own genes alone, so that blocks can be looked at one by one.
class GeneChoices {
 public:
  /// Whether a layer can be had.
  using Allows = std::function<bool(const Layer&)>;

  /// All that the space has.
  GeneChoices() = default;
  GeneChoices(const BackboneSpace& space, const Allows& allows);

  /// Whether there is a network at all.
  [[nodiscard]] bool any() const { return has_fixed_ && !lacks_depth_; }
  [[nodiscard]] bool allows(const BackboneGenome& genome) const;
  /// The genome with other genes, drawn, in place of those that cannot be had; the others stay, and nothing is drawn
  /// where all can. @pre any()
  [[nodiscard]] BackboneGenome repaired(BackboneGenome genome, RandomStream& random) const;

 private:
  std::vector<std::vector<std::pair<int, int>>> blocks_;  ///< [position] kernel and expansion; empty: all
  std::vector<std::vector<int>> depths_;                  ///< [stage]
  bool has_fixed_ = true;                                 ///< the layers that every network has can be had
  bool lacks_depth_ = false;                              ///< of some stage
  bool is_whole_ = true;                                  ///< nothing is left out
};

/// A sub-network, and the least that any can be in a number that its layers add up to.
struct LeastBackbone {
  BackboneGenome genome;
  double value = 0;  ///< infinite: every network has a layer that is
};

/// The exact least over the whole space, in a time that grows with its blocks.
/// @param of_layer what a layer adds, 0 or more, also infinite
[[nodiscard]] LeastBackbone least_backbone(const BackboneSpace& space, int classes,
                                           const std::function<double(const Layer&)>& of_layer);

}  // namespace harmonic
