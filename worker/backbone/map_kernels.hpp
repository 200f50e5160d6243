#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/space/search_space.hpp"

namespace harmonic::kernels {

/// Inner loops of inference on the CPU, over maps whose channels lie next to each other: a row is one position's
/// channels, always a multiple of 8. None shares its work between threads: the callers deal rows or samples.
/// An output value depends on its own inputs alone, never on which other rows or channels are computed along with it.

inline constexpr int kLanes = 8;       ///< channels that are worked on at once
inline constexpr int kWideLanes = 16;  ///< the same where has_wide_vectors()

/// What happens to a value on its way into an operation: value * scale + shift, activation, gate.
struct Entry {
  const float* scale = nullptr;  ///< (channels); null: the value enters as it is, and no other field counts
  const float* shift = nullptr;  ///< (channels)
  Activation activation = Activation::relu;
  const float* gate = nullptr;  ///< (channels) factors behind the activation, of the sample; null: none
};

/// out[row][c] = entry(x[row][c])
void enter(const float* x, std::int64_t rows, std::int64_t row_stride, int channels, const Entry& entry, float* out);

/// Inputs of a 1x1 convolution: sums over the first widths[i] channels go to out[i], one pass for all. Ascending.
struct Outputs {
  std::span<const int> widths;
  std::span<float* const> out;  ///< [i]: (rows, out_channels)
};
/// 1x1 convolution. @param weight as pack_pointwise() wrote it
void pointwise(const float* x, std::int64_t rows, std::int64_t row_stride, const float* weight, int in_channels,
               int out_channels, const Outputs& outputs);
/// Lays weights (out_channels, in_channels), rows `row_stride` apart, out for pointwise(): as many values.
void pack_pointwise(const float* weight, std::int64_t row_stride, int in_channels, int out_channels, float* packed);

struct DepthwiseShape {
  int height = 0, width = 0, channels = 0;  ///< of the input
  std::int64_t row_stride = 0;              ///< of the input
  int kernel = 3, stride = 1;               ///< padding kernel / 2; stride 1 or 2
  [[nodiscard]] int out_height() const { return (height + stride - 1) / stride; }
  [[nodiscard]] int out_width() const { return (width + stride - 1) / stride; }
  /// Floats that depthwise() needs to work in: the padded map of some channels, as many as stay in the cache, and of
  /// kLanes that may be left behind whole vectors.
  [[nodiscard]] std::int64_t scratch() const { return (channels_at_once() + kLanes) * positions(); }
  [[nodiscard]] int channels_at_once() const {  ///< whole vectors of either width, but where there are fewer channels
    constexpr std::int64_t kFloats = 16'384;
    const auto vectors = std::max<std::int64_t>(1, kFloats / (kWideLanes * positions()));
    return static_cast<int>(std::min<std::int64_t>(channels, kWideLanes * vectors));
  }
  [[nodiscard]] std::int64_t positions() const {
    return static_cast<std::int64_t>(height) * (width + 2 * (kernel / 2));
  }
};
/// Depthwise convolution of one sample.
/// @param weight (kernel * kernel, channels)
/// @param scratch of shape.scratch() floats, zeros at first; may serve one sample after the other of the same shape
void depthwise(const float* x, const DepthwiseShape& shape, const Entry& entry, const float* weight, float* scratch,
               float* out);

/// Adds every channel's sum and sum of squares over some rows, exact to float32's last digits however far from 0.
void add_moments(const float* x, std::int64_t rows, int channels, double* sum, double* square);

/// out = x * scale + shift + shortcut; `shortcut` may be null.
void normalise(const float* x, std::int64_t rows, int channels, const float* scale, const float* shift,
               const float* shortcut, float* out);

/// out[c] = mean over the rows of entry(x)
void average(const float* x, std::int64_t rows, std::int64_t row_stride, int channels, const Entry& entry, float* out);

}  // namespace harmonic::kernels
