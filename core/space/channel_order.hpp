#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace harmonic {

/// Whether samples of such a shape, which should be (channels, height, width) and square, look as if their channels
/// came last: few for their sides, or fewer than the sides of a square.
[[nodiscard]] inline bool has_channels_last(std::span<const std::size_t> shape) {
  constexpr std::size_t kFew = 4;
  if (shape.size() != 3) return false;
  const auto [height, width, channels] = std::array{shape[0], shape[1], shape[2]};
  return channels < std::min(height, width) && (channels <= kFew || height == width);
}

}  // namespace harmonic
