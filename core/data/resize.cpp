#include "core/data/resize.hpp"

#include <algorithm>
#include <cmath>

namespace harmonic {
namespace {

/// What an output position takes of two neighbours.
struct Blend {
  std::size_t low = 0, high = 0;
  float of_low = 1, of_high = 0;
};

std::vector<Blend> blends(std::size_t from, std::size_t to) {
  std::vector<Blend> all;
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  for (std::size_t i = 0; i < to; ++i) {
    const float at = std::max(0.0F, scale * (static_cast<float>(i) + 0.5F) - 0.5F);
    const std::size_t low = std::min(static_cast<std::size_t>(at), from - 1);
    const float of_high = at - static_cast<float>(low);
    all.push_back({low, std::min(low + 1, from - 1), 1 - of_high, of_high});
  }
  return all;
}

// Pillow's weights are whole multiples of 2^-22: 8 bits for the value and 2 of head room fill 32.
constexpr int kWeightBits = 22;
constexpr double kBicubicReach = 2.0;

double bicubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1) return ((kA + 2) * x - (kA + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0;
}

/// What an output position takes of the inputs from `first` on.
struct Window {
  std::size_t first = 0;
  std::vector<int> weights;  ///< in units of 2^-kWeightBits
};

/// Some output positions of `to`, one after another.
struct Positions {
  std::size_t first = 0, count = 0;
};

std::vector<Window> windows(std::size_t from, std::size_t to, Positions part) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double stretch = std::max(scale, 1.0);
  const double reach = kBicubicReach * stretch;
  std::vector<Window> all;
  for (std::size_t i = part.first; i < part.first + part.count; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    Window window;
    window.first = static_cast<std::size_t>(std::max(0.0, centre - reach + 0.5));
    const auto end = std::min(from, static_cast<std::size_t>(centre + reach + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (std::size_t k = window.first; k < end; ++k) {
      weights.push_back(bicubic((static_cast<double>(k) - centre + 0.5) / stretch));
      sum += weights.back();
    }
    for (const double weight : weights)
      window.weights.push_back(static_cast<int>(std::round(weight / sum * (1 << kWeightBits))));
    all.push_back(std::move(window));
  }
  return all;
}

/// The sum over a window of values that lie `stride` apart.
std::uint8_t weighed(const std::uint8_t* values, std::size_t stride, const Window& window) {
  int sum = 1 << (kWeightBits - 1);
  for (std::size_t k = 0; k < window.weights.size(); ++k)
    sum += values[(window.first + k) * stride] * window.weights[k];
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

/// A part of a picture at another size; what is not in the part is not computed, however large the whole would be.
std::vector<std::uint8_t> resized_part(std::span<const std::uint8_t> picture, std::size_t channels, PlaneSize from,
                                       PlaneSize to, Positions rows, Positions columns) {
  const auto across = windows(from.width, to.width, columns), down = windows(from.height, to.height, rows);
  const std::size_t width = columns.count * channels;
  // The rows of the picture that the part is made of, at their new width.
  std::size_t first = from.height, end = 0;
  for (const Window& window : down) {
    first = std::min(first, window.first);
    end = std::max(end, window.first + window.weights.size());
  }
  std::vector<std::uint8_t> narrow;
  narrow.reserve((end - std::min(first, end)) * width);
  for (std::size_t row = first; row < end; ++row)
    for (const Window& window : across)
      for (std::size_t c = 0; c < channels; ++c)
        narrow.push_back(weighed(&picture[row * from.width * channels + c], channels, window));
  std::vector<std::uint8_t> resized;
  resized.reserve(rows.count * width);
  for (Window window : down) {
    window.first -= first;
    for (std::size_t i = 0; i < width; ++i) resized.push_back(weighed(&narrow[i], width, window));
  }
  return resized;
}

/// The middle `side` of an extent that has as many or more, halves to even.
Positions middle(std::size_t extent, std::size_t side) {
  return {static_cast<std::size_t>(std::nearbyint(static_cast<double>(extent - side) / 2)), side};
}

}  // namespace

std::vector<float> resize_bilinear(std::span<const float> plane, PlaneSize from, PlaneSize to) {
  const auto across = blends(from.width, to.width);
  std::vector<float> resized;
  resized.reserve(to.area());
  for (const Blend& down : blends(from.height, to.height)) {
    const auto above = plane.subspan(down.low * from.width, from.width);
    const auto below = plane.subspan(down.high * from.width, from.width);
    for (const Blend& a : across)
      resized.push_back(down.of_low * (a.of_low * above[a.low] + a.of_high * above[a.high]) +
                        down.of_high * (a.of_low * below[a.low] + a.of_high * below[a.high]));
  }
  return resized;
}

std::vector<std::uint8_t> resize_bicubic(std::span<const std::uint8_t> picture, std::size_t channels, PlaneSize from,
                                         PlaneSize to) {
  return resized_part(picture, channels, from, to, {0, to.height}, {0, to.width});
}

Picture resized_to_square(const Picture& picture, std::size_t side, PictureFit fit) {
  const PlaneSize from{picture.height, picture.width};
  const std::size_t shorter = std::min(from.height, from.width);
  const PlaneSize to = fit == PictureFit::stretch
                           ? PlaneSize{side, side}
                           : PlaneSize{from.height * side / shorter, from.width * side / shorter};
  return {.width = side,
          .height = side,
          .channels = picture.channels,
          .pixels = resized_part(picture.pixels, picture.channels, from, to, middle(to.height, side),
                                 middle(to.width, side))};
}

}  // namespace harmonic
