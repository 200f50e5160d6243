#include "worker/backbone/map_kernels.hpp"

#include <algorithm>

#include "core/base/vector_clones.hpp"

// With fused multiply-add, and without.
#define HARMONIC_KERNEL HARMONIC_CLONES("fma", "default")

namespace harmonic::kernels {
namespace {

using Lanes = float __attribute__((vector_size(4 * kLanes)));
/// The same in memory, at any address.
using LanesAt = float __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

HARMONIC_INLINE const LanesAt& at(const float* address) {
  return *reinterpret_cast<const LanesAt*>(address);
}
HARMONIC_INLINE LanesAt& at(float* address) {
  return *reinterpret_cast<LanesAt*>(address);
}

template <bool HSwish>
HARMONIC_INLINE void activate(Lanes& y) {
  const Lanes zero = {};
  if constexpr (HSwish) {
    Lanes gate = y + 3.0F;
    gate = gate > zero ? gate : zero;
    gate = gate < 6.0F ? gate : zero + 6.0F;
    y = y * gate * (1.0F / 6.0F);
  } else {
    y = y > zero ? y : zero;
  }
}

/// out[row] of eight channels = entry(x[row])
template <bool HSwish>
HARMONIC_INLINE void enter_lanes(const float* x, std::int64_t rows, std::int64_t row_stride, const Entry& entry, int c,
                                 float* out, std::int64_t out_stride) {
  const Lanes scale = at(entry.scale + c), shift = at(entry.shift + c);
  const Lanes one = Lanes{} + 1.0F;
  const Lanes gate = entry.gate != nullptr ? Lanes(at(entry.gate + c)) : one;
  for (std::int64_t row = 0; row < rows; ++row) {
    Lanes y = at(x + row * row_stride + c) * scale + shift;
    activate<HSwish>(y);
    at(out + row * out_stride) = y * gate;
  }
}

HARMONIC_INLINE void enter_any(const float* x, std::int64_t rows, std::int64_t row_stride, const Entry& entry, int c,
                               float* out, std::int64_t out_stride) {
  if (entry.scale == nullptr)
    for (std::int64_t row = 0; row < rows; ++row) at(out + row * out_stride) = at(x + row * row_stride + c);
  else if (entry.activation == Activation::h_swish)
    enter_lanes<true>(x, rows, row_stride, entry, c, out, out_stride);
  else
    enter_lanes<false>(x, rows, row_stride, entry, c, out, out_stride);
}

constexpr int kTileRows = 4;  // with kTileLanes: 12 sums, 3 weights and a value fill the 16 registers
constexpr int kTileLanes = 3;

/// Some rows times some eights of output channels.
template <int Rows, int Eights>
HARMONIC_INLINE void pointwise_tile(const float* x, std::int64_t row_stride, const float* weight, int out_channels,
                                    const Outputs& outputs, std::int64_t offset) {
  Lanes sum[Rows][Eights] = {};
  int k = 0;
  for (std::size_t i = 0; i < outputs.widths.size(); ++i) {
    for (const int end = outputs.widths[i]; k < end; ++k) {
      Lanes w[Eights];
      for (int e = 0; e < Eights; ++e) w[e] = at(weight + (k * Eights + e) * kLanes);
      for (int r = 0; r < Rows; ++r) {
        const float value = x[r * row_stride + k];
        for (int e = 0; e < Eights; ++e) sum[r][e] += value * w[e];
      }
    }
    float* out = outputs.out[i] + offset;
    for (int r = 0; r < Rows; ++r)
      for (int e = 0; e < Eights; ++e) at(out + r * out_channels + e * kLanes) = sum[r][e];
  }
}

template <int Eights>
HARMONIC_INLINE void pointwise_columns(const float* x, std::int64_t rows, std::int64_t row_stride, const float* weight,
                                       int out_channels, const Outputs& outputs, int column) {
  std::int64_t row = 0;
  for (; row + kTileRows <= rows; row += kTileRows)
    pointwise_tile<kTileRows, Eights>(x + row * row_stride, row_stride, weight, out_channels, outputs,
                                      row * out_channels + column);
  for (; row < rows; ++row)
    pointwise_tile<1, Eights>(x + row * row_stride, row_stride, weight, out_channels, outputs,
                              row * out_channels + column);
}

/// Some outputs of one row, eight channels.
template <int Outs>
HARMONIC_INLINE void depthwise_tile(const float* padded, std::int64_t padded_width, int first_tap_row, int tap_rows,
                                    const DepthwiseShape& shape, const float* weight, float* out) {
  Lanes sum[Outs] = {};
  for (int ky = 0; ky < tap_rows; ++ky) {
    const float* row = padded + ky * padded_width * kLanes;
    const float* taps = weight + static_cast<std::int64_t>(first_tap_row + ky) * shape.kernel * shape.channels;
    for (int kx = 0; kx < shape.kernel; ++kx) {
      const Lanes w = at(taps + static_cast<std::int64_t>(kx) * shape.channels);
      for (int o = 0; o < Outs; ++o) sum[o] += at(row + (o * shape.stride + kx) * kLanes) * w;
    }
  }
  for (int o = 0; o < Outs; ++o) at(out + static_cast<std::int64_t>(o) * shape.channels) = sum[o];
}

constexpr int kMostOuts = 8;

/// depthwise_tile<outs>, 1 <= outs <= Outs
template <int Outs = kMostOuts>
HARMONIC_INLINE void depthwise_outs(int outs, const float* padded, std::int64_t padded_width, int first_tap_row,
                                    int tap_rows, const DepthwiseShape& shape, const float* weight, float* out) {
  if constexpr (Outs > 1)
    if (outs < Outs)
      return depthwise_outs<Outs - 1>(outs, padded, padded_width, first_tap_row, tap_rows, shape, weight, out);
  depthwise_tile<Outs>(padded, padded_width, first_tap_row, tap_rows, shape, weight, out);
}

}  // namespace

HARMONIC_KERNEL void enter(const float* x, std::int64_t rows, std::int64_t row_stride, int channels, const Entry& entry,
                           float* out) {
  for (int c = 0; c < channels; c += kLanes) enter_any(x, rows, row_stride, entry, c, out + c, channels);
}

HARMONIC_KERNEL void pointwise(const float* x, std::int64_t rows, std::int64_t row_stride, const float* weight,
                               int in_channels, int out_channels, const Outputs& outputs) {
  for (int column = 0; column < out_channels; column += kTileLanes * kLanes) {
    const float* columns = weight + static_cast<std::int64_t>(column) * in_channels;
    switch (std::min(kTileLanes, (out_channels - column) / kLanes)) {
      case 3:
        pointwise_columns<3>(x, rows, row_stride, columns, out_channels, outputs, column);
        break;
      case 2:
        pointwise_columns<2>(x, rows, row_stride, columns, out_channels, outputs, column);
        break;
      default:
        pointwise_columns<1>(x, rows, row_stride, columns, out_channels, outputs, column);
    }
  }
}

void pack_pointwise(const float* weight, std::int64_t row_stride, int in_channels, int out_channels, float* packed) {
  for (int column = 0; column < out_channels; column += kTileLanes * kLanes) {
    const int tile = std::min(kTileLanes * kLanes, out_channels - column);
    for (int k = 0; k < in_channels; ++k)
      for (int c = 0; c < tile; ++c) *packed++ = weight[(column + c) * row_stride + k];
  }
}

HARMONIC_KERNEL void depthwise(const float* x, const DepthwiseShape& shape, const Entry& entry, const float* weight,
                               float* scratch, float* out) {
  const int margin = shape.kernel / 2;
  const std::int64_t padded_width = shape.width + 2 * margin;
  const std::int64_t plane = shape.height * padded_width * kLanes;  // eight channels of the padded map
  const int out_height = shape.out_height(), out_width = shape.out_width();
  const int tiles = (out_width + kMostOuts - 1) / kMostOuts;
  for (int first_channel = 0; first_channel < shape.channels; first_channel += shape.channels_at_once()) {
    const int end_channel = std::min(shape.channels, first_channel + shape.channels_at_once());
    for (int y = 0; y < shape.height; ++y)
      for (int c = first_channel; c < end_channel; c += kLanes)
        enter_any(x + static_cast<std::int64_t>(y) * shape.width * shape.row_stride, shape.width, shape.row_stride,
                  entry, c, scratch + (c - first_channel) / kLanes * plane + (y * padded_width + margin) * kLanes,
                  kLanes);
    for (int y = 0; y < out_height; ++y) {
      // Rows outside the map hold zeros: their taps are passed over.
      const int top = y * shape.stride - margin;
      const int first = std::max(0, -top), last = std::min(shape.kernel, shape.height - top);
      for (int c = first_channel; c < end_channel; c += kLanes) {
        const float* row = scratch + (c - first_channel) / kLanes * plane + (top + first) * padded_width * kLanes;
        for (int tile = 0; tile < tiles; ++tile) {
          const int begin = out_width * tile / tiles, end = out_width * (tile + 1) / tiles;
          depthwise_outs(end - begin, row + static_cast<std::int64_t>(begin) * shape.stride * kLanes, padded_width,
                         first, last - first, shape, weight + c,
                         out + (static_cast<std::int64_t>(y) * out_width + begin) * shape.channels + c);
        }
      }
    }
  }
}

HARMONIC_KERNEL void add_moments(const float* x, std::int64_t rows, int channels, double* sum, double* square) {
  // About a block's first row the sums of a few values need no more than float32; the blocks are joined about 0.
  constexpr std::int64_t kBlock = 64;
  for (std::int64_t first = 0; first < rows; first += kBlock) {
    const std::int64_t n = std::min(kBlock, rows - first);
    for (int c = 0; c < channels; c += kLanes) {
      const float* values = x + first * channels + c;
      const Lanes origin = at(values);
      Lanes s = {}, q = {};
      for (std::int64_t row = 1; row < n; ++row) {
        const Lanes d = at(values + row * channels) - origin;
        s += d;
        q += d * d;
      }
      for (int lane = 0; lane < kLanes; ++lane) {
        const double o = origin[lane], part = s[lane];
        sum[c + lane] += part + static_cast<double>(n) * o;
        square[c + lane] += q[lane] + 2 * o * part + static_cast<double>(n) * o * o;
      }
    }
  }
}

HARMONIC_KERNEL void normalise(const float* x, std::int64_t rows, int channels, const float* scale, const float* shift,
                               const float* shortcut, float* out) {
  for (std::int64_t row = 0; row < rows; ++row, x += channels, out += channels) {
    for (int c = 0; c < channels; c += kLanes) {
      Lanes y = at(x + c) * at(scale + c) + at(shift + c);
      if (shortcut != nullptr) y += at(shortcut + row * channels + c);
      at(out + c) = y;
    }
  }
}

HARMONIC_KERNEL void average(const float* x, std::int64_t rows, std::int64_t row_stride, int channels,
                             const Entry& entry, float* out) {
  constexpr std::int64_t kBlock = 64;
  float entered[kBlock * kLanes];
  for (int c = 0; c < channels; c += kLanes) {
    Lanes sum = {};
    for (std::int64_t first = 0; first < rows; first += kBlock) {
      const std::int64_t n = std::min(kBlock, rows - first);
      enter_any(x + first * row_stride, n, row_stride, entry, c, entered, kLanes);
      for (std::int64_t row = 0; row < n; ++row) sum += at(entered + row * kLanes);
    }
    at(out + c) = sum / static_cast<float>(rows);
  }
}

}  // namespace harmonic::kernels
