#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace harmonic {

/// What Caffe's networks have subtracted from blue, green and red of an 8-bit picture.
inline constexpr std::array<double, 3> kCaffeMeans = {103.939, 116.779, 123.68};

/// The range of what remains when `mean` is subtracted from 0 … 255 and the rest is cut towards zero.
[[nodiscard]] inline int lowest_caffe_value(double mean) {
  return static_cast<int>(std::trunc(-mean));
}
[[nodiscard]] inline int highest_caffe_value(double mean) {
  return static_cast<int>(std::trunc(255 - mean));
}

/// Back to 8 bits: exact but for 0, which two levels became; the nearer to the mean is given.
/// @param value lowest_caffe_value(mean) … highest_caffe_value(mean)
[[nodiscard]] inline std::uint8_t pixel_of_caffe_value(int value, double mean) {
  const double level = value > 0 ? std::ceil(value + mean) : value < 0 ? std::floor(value + mean) : std::round(mean);
  return static_cast<std::uint8_t>(level);
}

}  // namespace harmonic
