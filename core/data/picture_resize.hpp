#pragma once

#include "core/data/media_file.hpp"

namespace harmonic {

/// How a picture of any shape becomes a square one.
enum class PictureFit {
  crop,     ///< the shorter side to the square's, the middle cut out
  stretch,  ///< both sides to the square's
};

/// Cubic (Catmull-Rom), with antialiasing where it shrinks. @param side pixels, 1 or more
[[nodiscard]] Picture resized_to_square(const Picture& picture, std::size_t side, PictureFit fit);

}  // namespace harmonic
