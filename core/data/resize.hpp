#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/data/media_file.hpp"

namespace harmonic {

struct PlaneSize {
  std::size_t height = 0, width = 0;
  [[nodiscard]] std::size_t area() const { return height * width; }
};

/// One channel, row-major, at another size: bilinear with half-pixel centres and repeated edges, without antialiasing,
/// in float32. As torch's interpolate(mode="bilinear", align_corners=False) has it.
[[nodiscard]] std::vector<float> resize_bilinear(std::span<const float> plane, PlaneSize from, PlaneSize to);

/// A picture of `channels` interleaved, row-major, at another size: bicubic (a = -0.5), widened where it shrinks
/// (antialiasing), first across and then down, each rounded to 8 bits. As Pillow's resize(…, BICUBIC) has it, to the
/// bit.
[[nodiscard]] std::vector<std::uint8_t> resize_bicubic(std::span<const std::uint8_t> picture, std::size_t channels,
                                                       PlaneSize from, PlaneSize to);

/// How a picture of any shape becomes a square one.
enum class PictureFit {
  crop,     ///< the shorter side to the square's, the other rounded down; the middle cut out, halves to even
  stretch,  ///< both sides to the square's
};

/// By resize_bicubic; crop as torchvision's Resize and CenterCrop have it. @param side pixels, 1 or more
[[nodiscard]] Picture resized_to_square(const Picture& picture, std::size_t side, PictureFit fit);

}  // namespace harmonic
