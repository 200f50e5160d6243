#pragma once

#include <vector>

#include "core/space/genome.hpp"

namespace harmonic {

/// One layer of a backbone as it runs: what a look-up table has a row for, and what the supernet executes.
struct Layer {
  enum class Kind { conv, mbconv, linear };

  Kind kind = Kind::conv;
  int in_channels = 0;
  int out_channels = 0;
  int mid_channels =
      0;           ///< mbconv: width of its depthwise conv; the fixed first block, which has no expansion: in_channels
  int expand = 1;  ///< mbconv only; 1 for the fixed first block
  int kernel = 1;
  int stride = 1;
  int resolution = 1;  ///< side of its input, pixels
  Activation activation = Activation::relu;
  bool squeeze_excite = false;
  bool batch_norm = true;  ///< conv only; the feature mix has none
  bool shortcut = false;   ///< mbconv: adds its input to its output
  /// mbconv: one dense convolution to the middle channels, of the block's side and stride, in place of the expansion
  /// and the depthwise convolution
  bool fused = false;
  int position = -1;  ///< mbconv: index into the genome's lists; -1 for fixed layers

  bool operator==(const Layer&) const = default;
};

/// The layers in order of execution: first conv, first block, every active block, final expand, feature mix (on the
/// 1x1 global average), classifier. Empty for Maxout, whose cost is a constant. Source: method.md's OFA MobileNetV3.
[[nodiscard]] std::vector<Layer> backbone_layers(const BackboneSpace& space, const BackboneGenome& genome, int classes);

/// Side of the map that leaves a layer of this stride: ceil(side / stride).
[[nodiscard]] int strided(int side, int stride);

/// Returned features of a sub-network: first conv, first block, every active block, logits; of Maxout: every block,
/// logits.
[[nodiscard]] int feature_count(const BackboneSpace& space, const BackboneGenome& genome);

/// Indices, ascending, of the `k` features that a backbone with `n` returned features offers to fusion: start at n-2
/// (the logits are left out), step back by (n-1)/k.
///   offered_features(5, 4) == {0, 1, 2, 3}
/// @throws InputError when n features cannot give k.
[[nodiscard]] std::vector<int> offered_features(int n, int k);

/// Features that every backbone of the space can offer to fusion: those of the smallest.
[[nodiscard]] int most_offered(const BackboneSpace& space);

/// Channels of each returned feature, logits last.
[[nodiscard]] std::vector<int> feature_channels(const BackboneSpace& space, const BackboneGenome& genome, int classes);

}  // namespace harmonic
