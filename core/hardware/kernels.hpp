#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/space/layers.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// One kernel that a layer launches: the work it does and the memory it touches, batch 1, float32.
struct Kernel {
  double flops = 0;        ///< a multiply-add is two
  double bytes = 0;        ///< read (inputs and weights) and written, each once
  bool depthwise = false;  ///< a depthwise convolution, which uses a device's arithmetic poorly
  double parameters = 0;   ///< numbers that are learned: weights, biases, scale and shift of norms
  double macs = 0;         ///< multiply-adds of convolutions, linear layers and matrix products; biases are none

  bool operator==(const Kernel&) const = default;
};

// What each row of a look-up table launches, one kernel an operator as an eager framework does (nothing fused, dropout
// absent). As in the published rows, global pooling and the residual addition are part of no layer.

/// A convolution, batch norm and activation; a mobile inverted bottleneck; a linear layer.
[[nodiscard]] std::vector<Kernel> layer_kernels(const Layer& layer);

/// A Maxout backbone's blocks: linear, maximum over the pool, batch norm. Its classifier, which no row's key names,
/// is left out: fusion reads the blocks' outputs.
[[nodiscard]] std::vector<Kernel> maxout_kernels(const BackboneSpace& space);

}  // namespace harmonic
