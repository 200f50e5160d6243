#include "worker/backbone/map_kernels.hpp"

#include <algorithm>

#include "core/base/vector_clones.hpp"

// With fused multiply-add, and without.
#define HARMONIC_KERNEL HARMONIC_CLONES("fma", "default")

namespace harmonic::kernels {
namespace {

/// Lanes values at once: kLanes on any processor, kWideLanes where has_wide_vectors(). Both sum in the same order, lane
/// by lane, so that the width changes no bit.
template <int Lanes>
struct VectorOf;
template <>
struct VectorOf<kLanes> {
  using Type = float __attribute__((vector_size(4 * kLanes)));
  using AnyAddress = float __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
};
template <>
struct VectorOf<kWideLanes> {
  using Type = float __attribute__((vector_size(4 * kWideLanes)));
  using AnyAddress = float __attribute__((vector_size(4 * kWideLanes), aligned(4), may_alias));
};
template <int Lanes>
using Vector = typename VectorOf<Lanes>::Type;

template <int Lanes>
HARMONIC_INLINE const typename VectorOf<Lanes>::AnyAddress& at(const float* address) {
  return *reinterpret_cast<const typename VectorOf<Lanes>::AnyAddress*>(address);
}
template <int Lanes>
HARMONIC_INLINE typename VectorOf<Lanes>::AnyAddress& at(float* address) {
  return *reinterpret_cast<typename VectorOf<Lanes>::AnyAddress*>(address);
}

template <int Lanes, bool HSwish>
HARMONIC_INLINE void activate(Vector<Lanes>& y) {
  const Vector<Lanes> zero = {};
  if constexpr (HSwish) {
    Vector<Lanes> gate = y + 3.0F;
    gate = gate > zero ? gate : zero;
    gate = gate < 6.0F ? gate : zero + 6.0F;
    y = y * gate * (1.0F / 6.0F);
  } else {
    y = y > zero ? y : zero;
  }
}

/// out[row] of some channels = entry(x[row])
template <int Lanes, bool HSwish>
HARMONIC_INLINE void enter_activated(const float* x, std::int64_t rows, std::int64_t row_stride, const Entry& entry,
                                     int c, float* out, std::int64_t out_stride) {
  const Vector<Lanes> scale = at<Lanes>(entry.scale + c), shift = at<Lanes>(entry.shift + c);
  const Vector<Lanes> one = Vector<Lanes>{} + 1.0F;
  const Vector<Lanes> gate = entry.gate != nullptr ? Vector<Lanes>(at<Lanes>(entry.gate + c)) : one;
  for (std::int64_t row = 0; row < rows; ++row) {
    Vector<Lanes> y = at<Lanes>(x + row * row_stride + c) * scale + shift;
    activate<Lanes, HSwish>(y);
    at<Lanes>(out + row * out_stride) = y * gate;
  }
}

template <int Lanes>
HARMONIC_INLINE void enter_channels(const float* x, std::int64_t rows, std::int64_t row_stride, const Entry& entry,
                                    int c, float* out, std::int64_t out_stride) {
  if (entry.scale == nullptr)
    for (std::int64_t row = 0; row < rows; ++row)
      at<Lanes>(out + row * out_stride) = at<Lanes>(x + row * row_stride + c);
  else if (entry.activation == Activation::h_swish)
    enter_activated<Lanes, true>(x, rows, row_stride, entry, c, out, out_stride);
  else
    enter_activated<Lanes, false>(x, rows, row_stride, entry, c, out, out_stride);
}

/// Channels that whole vectors hold; behind them there are kLanes or none.
template <int Lanes>
HARMONIC_INLINE int in_whole_vectors(int channels) {
  return channels / Lanes * Lanes;
}

template <int Lanes>
HARMONIC_INLINE void enter_rows(const float* x, std::int64_t rows, std::int64_t row_stride, int channels,
                                const Entry& entry, float* out) {
  const int whole = in_whole_vectors<Lanes>(channels);
  for (int c = 0; c < whole; c += Lanes) enter_channels<Lanes>(x, rows, row_stride, entry, c, out + c, channels);
  if (whole < channels) enter_channels<kLanes>(x, rows, row_stride, entry, whole, out + whole, channels);
}

// ---- 1x1 convolution

/// Output channels of a tile: three vectors. With kTileRows sums of each, those vectors of weights and a value they
/// take 16 registers, of the wide ones 28 of 32.
template <int Lanes>
constexpr int kTileChannels = 3 * Lanes;
template <int Lanes>
constexpr int kTileRows = Lanes == kWideLanes ? 8 : 4;

/// Some rows times some output channels, which are so many whole vectors, and a half one or none.
template <int Lanes, int Rows, int Wholes, int Halves>
HARMONIC_INLINE void pointwise_tile(const float* x, std::int64_t row_stride, const float* weight, int out_channels,
                                    const Outputs& outputs, std::int64_t offset) {
  Vector<Lanes> sum[Rows][std::max(Wholes, 1)] = {};
  Vector<kLanes> half_sum[Rows][std::max(Halves, 1)] = {};
  int k = 0;
  for (std::size_t i = 0; i < outputs.widths.size(); ++i) {
    for (const int end = outputs.widths[i]; k < end; ++k, weight += Wholes * Lanes + Halves * kLanes) {
      Vector<Lanes> w[std::max(Wholes, 1)];
      Vector<kLanes> half_w[std::max(Halves, 1)];
      for (int v = 0; v < Wholes; ++v) w[v] = at<Lanes>(weight + v * Lanes);
      for (int v = 0; v < Halves; ++v) half_w[v] = at<kLanes>(weight + Wholes * Lanes);
      for (int r = 0; r < Rows; ++r) {
        const float value = x[r * row_stride + k];
        for (int v = 0; v < Wholes; ++v) sum[r][v] += value * w[v];
        for (int v = 0; v < Halves; ++v) half_sum[r][v] += value * half_w[v];
      }
    }
    float* out = outputs.out[i] + offset;
    for (int r = 0; r < Rows; ++r) {
      for (int v = 0; v < Wholes; ++v) at<Lanes>(out + r * out_channels + v * Lanes) = sum[r][v];
      for (int v = 0; v < Halves; ++v) at<kLanes>(out + r * out_channels + Wholes * Lanes) = half_sum[r][v];
    }
  }
}

/// All rows times the `channels` output channels from `column` on, 1 <= channels <= Channels.
template <int Lanes, int Channels = kTileChannels<Lanes>>
HARMONIC_INLINE void pointwise_columns(int channels, const float* x, std::int64_t rows, std::int64_t row_stride,
                                       const float* weight, int out_channels, const Outputs& outputs, int column) {
  if constexpr (Channels > kLanes)
    if (channels < Channels)
      return pointwise_columns<Lanes, Channels - kLanes>(channels, x, rows, row_stride, weight, out_channels, outputs,
                                                         column);
  constexpr int kWholes = Channels / Lanes, kHalves = Channels % Lanes / kLanes;
  std::int64_t row = 0;
  for (; row + kTileRows<Lanes> <= rows; row += kTileRows<Lanes>)
    pointwise_tile<Lanes, kTileRows<Lanes>, kWholes, kHalves>(x + row * row_stride, row_stride, weight, out_channels,
                                                              outputs, row * out_channels + column);
  for (; row < rows; ++row)
    pointwise_tile<Lanes, 1, kWholes, kHalves>(x + row * row_stride, row_stride, weight, out_channels, outputs,
                                               row * out_channels + column);
}

template <int Lanes>
HARMONIC_INLINE void pointwise_rows(const float* x, std::int64_t rows, std::int64_t row_stride, const float* weight,
                                    int in_channels, int out_channels, const Outputs& outputs) {
  for (int column = 0; column < out_channels; column += kTileChannels<Lanes>)
    pointwise_columns<Lanes>(std::min(kTileChannels<Lanes>, out_channels - column), x, rows, row_stride,
                             weight + static_cast<std::int64_t>(column) * in_channels, out_channels, outputs, column);
}

// ---- depthwise convolution

/// Some outputs of one row. @param taps of the first tap row, channels of one vector
template <int Lanes, int Stride, int Outs>
HARMONIC_INLINE void depthwise_tile(const float* padded, std::int64_t padded_width, const float* taps, int tap_rows,
                                    int kernel, std::int64_t channels, float* out) {
  Vector<Lanes> sum[Outs] = {};
  for (int ky = 0; ky < tap_rows; ++ky) {
    const float* row = padded + ky * padded_width * Lanes;
    for (int kx = 0; kx < kernel; ++kx, taps += channels, row += Lanes) {
      const Vector<Lanes> w = at<Lanes>(taps);
      for (int o = 0; o < Outs; ++o) sum[o] += at<Lanes>(row + o * Stride * Lanes) * w;
    }
  }
  for (int o = 0; o < Outs; ++o) at<Lanes>(out + o * channels) = sum[o];
}

constexpr int kMostOuts = 8;

/// The `outs` columns of the output from `begin` on, of channels [first, end). 1 <= outs <= Outs.
template <int Lanes, int Stride, int Outs = kMostOuts>
HARMONIC_INLINE void depthwise_columns(int outs, const DepthwiseShape& shape, const float* planes, const float* weight,
                                       int begin, int first, int end, float* out) {
  if constexpr (Outs > 1)
    if (outs < Outs)
      return depthwise_columns<Lanes, Stride, Outs - 1>(outs, shape, planes, weight, begin, first, end, out);
  const int margin = shape.kernel / 2, out_width = shape.out_width();
  const std::int64_t padded_width = shape.width + 2 * margin, plane = shape.positions();
  for (int y = 0; y < shape.out_height(); ++y) {
    // Rows outside the map hold zeros: their taps are passed over.
    const int top = y * Stride - margin;
    const int skipped = std::max(0, -top), last = std::min(shape.kernel, shape.height - top);
    const float* taps = weight + static_cast<std::int64_t>(skipped) * shape.kernel * shape.channels;
    const std::int64_t position = (top + skipped) * padded_width + static_cast<std::int64_t>(begin) * Stride;
    float* row = out + (static_cast<std::int64_t>(y) * out_width + begin) * shape.channels;
    for (int c = first; c < end; c += Lanes)
      depthwise_tile<Lanes, Stride, Outs>(planes + (c - first) * plane + position * Lanes, padded_width, taps + c,
                                          last - skipped, shape.kernel, shape.channels, row + c);
  }
}

/// Channels [first, end), whole vectors. @param scratch planes of Lanes channels each
template <int Lanes>
HARMONIC_INLINE void depthwise_channels(const float* x, const DepthwiseShape& shape, const Entry& entry,
                                        const float* weight, int first, int end, float* scratch, float* out) {
  const int margin = shape.kernel / 2;
  const std::int64_t padded_width = shape.width + 2 * margin, plane = shape.positions();
  const int out_width = shape.out_width(), tiles = (out_width + kMostOuts - 1) / kMostOuts;
  for (int from = first; from < end; from += shape.channels_at_once()) {
    const int to = std::min(end, from + shape.channels_at_once());
    for (int y = 0; y < shape.height; ++y)
      for (int c = from; c < to; c += Lanes)
        enter_channels<Lanes>(x + static_cast<std::int64_t>(y) * shape.width * shape.row_stride, shape.width,
                              shape.row_stride, entry, c,
                              scratch + (c - from) * plane + (y * padded_width + margin) * Lanes, Lanes);
    for (int tile = 0; tile < tiles; ++tile) {
      const int begin = out_width * tile / tiles, outs = out_width * (tile + 1) / tiles - begin;
      if (shape.stride == 1)
        depthwise_columns<Lanes, 1>(outs, shape, scratch, weight, begin, from, to, out);
      else
        depthwise_columns<Lanes, 2>(outs, shape, scratch, weight, begin, from, to, out);
    }
  }
}

template <int Lanes>
HARMONIC_INLINE void depthwise_map(const float* x, const DepthwiseShape& shape, const Entry& entry, const float* weight,
                                   float* scratch, float* out) {
  const int whole = in_whole_vectors<Lanes>(shape.channels);
  depthwise_channels<Lanes>(x, shape, entry, weight, 0, whole, scratch, out);
  // In a plane of its own: the margins of a wider one lie elsewhere.
  if (whole < shape.channels)
    depthwise_channels<kLanes>(x, shape, entry, weight, whole, shape.channels,
                               scratch + shape.channels_at_once() * shape.positions(), out);
}

// ---- moments, norms, averages

/// About a block's first row the sums of a few values need no more than float32; the blocks are joined about 0.
constexpr std::int64_t kMomentRows = 64;

/// Channels of so many vectors, which are summed side by side: one sum alone waits for its last addition.
template <int Lanes, int Vectors>
HARMONIC_INLINE void add_block_moments(const float* values, std::int64_t rows, std::int64_t channels,
                                       double* __restrict sum, double* __restrict square) {
  Vector<Lanes> origin[Vectors], s[Vectors] = {}, q[Vectors] = {};
  for (int v = 0; v < Vectors; ++v) origin[v] = at<Lanes>(values + v * Lanes);
  for (std::int64_t row = 1; row < rows; ++row)
    for (int v = 0; v < Vectors; ++v) {
      const Vector<Lanes> d = at<Lanes>(values + row * channels + v * Lanes) - origin[v];
      s[v] += d;
      q[v] += d * d;
    }
  const auto n = static_cast<double>(rows);
  for (int v = 0; v < Vectors; ++v)
    for (int lane = 0; lane < Lanes; ++lane) {
      const double o = origin[v][lane], part = s[v][lane];
      sum[v * Lanes + lane] += part + n * o;
      square[v * Lanes + lane] += q[v][lane] + 2 * o * part + n * o * o;
    }
}

template <int Lanes>
HARMONIC_INLINE void add_moments_of(const float* x, std::int64_t rows, int channels, double* sum, double* square) {
  constexpr int kAtOnce = 4;
  for (std::int64_t first = 0; first < rows; first += kMomentRows) {
    const std::int64_t n = std::min(kMomentRows, rows - first);
    const float* values = x + first * channels;
    int c = 0;
    for (; c + kAtOnce * Lanes <= channels; c += kAtOnce * Lanes)
      add_block_moments<Lanes, kAtOnce>(values + c, n, channels, sum + c, square + c);
    for (; c + Lanes <= channels; c += Lanes) add_block_moments<Lanes, 1>(values + c, n, channels, sum + c, square + c);
    if (c < channels) add_block_moments<kLanes, 1>(values + c, n, channels, sum + c, square + c);
  }
}

template <int Lanes>
HARMONIC_INLINE void normalise_channels(const float* x, const float* scale, const float* shift, const float* shortcut,
                                        float* out) {
  Vector<Lanes> y = at<Lanes>(x) * at<Lanes>(scale) + at<Lanes>(shift);
  if (shortcut != nullptr) y += at<Lanes>(shortcut);
  at<Lanes>(out) = y;
}

template <int Lanes>
HARMONIC_INLINE void normalise_rows(const float* x, std::int64_t rows, int channels, const float* scale,
                                    const float* shift, const float* shortcut, float* out) {
  const int whole = in_whole_vectors<Lanes>(channels);
  for (std::int64_t row = 0; row < rows; ++row, x += channels, out += channels) {
    const float* added = shortcut != nullptr ? shortcut + row * channels : nullptr;
    for (int c = 0; c < whole; c += Lanes)
      normalise_channels<Lanes>(x + c, scale + c, shift + c, added != nullptr ? added + c : nullptr, out + c);
    if (whole < channels)
      normalise_channels<kLanes>(x + whole, scale + whole, shift + whole, added != nullptr ? added + whole : nullptr,
                                 out + whole);
  }
}

template <int Lanes>
HARMONIC_INLINE void average_channels(const float* x, std::int64_t rows, std::int64_t row_stride, const Entry& entry,
                                      int c, float* out) {
  constexpr std::int64_t kBlock = 64;
  float entered[kBlock * Lanes];
  Vector<Lanes> sum = {};
  for (std::int64_t first = 0; first < rows; first += kBlock) {
    const std::int64_t n = std::min(kBlock, rows - first);
    enter_channels<Lanes>(x + first * row_stride, n, row_stride, entry, c, entered, Lanes);
    for (std::int64_t row = 0; row < n; ++row) sum += at<Lanes>(entered + row * Lanes);
  }
  at<Lanes>(out + c) = sum / static_cast<float>(rows);
}

template <int Lanes>
HARMONIC_INLINE void average_rows(const float* x, std::int64_t rows, std::int64_t row_stride, int channels,
                                  const Entry& entry, float* out) {
  const int whole = in_whole_vectors<Lanes>(channels);
  for (int c = 0; c < whole; c += Lanes) average_channels<Lanes>(x, rows, row_stride, entry, c, out);
  if (whole < channels) average_channels<kLanes>(x, rows, row_stride, entry, whole, out);
}

// ---- the same in wide vectors

HARMONIC_WIDE void enter_wide(const float* x, std::int64_t rows, std::int64_t row_stride, int channels,
                              const Entry& entry, float* out) {
  enter_rows<kWideLanes>(x, rows, row_stride, channels, entry, out);
}

HARMONIC_WIDE void pointwise_wide(const float* x, std::int64_t rows, std::int64_t row_stride, const float* weight,
                                  int in_channels, int out_channels, const Outputs& outputs) {
  pointwise_rows<kWideLanes>(x, rows, row_stride, weight, in_channels, out_channels, outputs);
}

HARMONIC_WIDE void depthwise_wide(const float* x, const DepthwiseShape& shape, const Entry& entry, const float* weight,
                                  float* scratch, float* out) {
  depthwise_map<kWideLanes>(x, shape, entry, weight, scratch, out);
}

HARMONIC_WIDE void add_moments_wide(const float* x, std::int64_t rows, int channels, double* sum, double* square) {
  add_moments_of<kWideLanes>(x, rows, channels, sum, square);
}

HARMONIC_WIDE void normalise_wide(const float* x, std::int64_t rows, int channels, const float* scale,
                                  const float* shift, const float* shortcut, float* out) {
  normalise_rows<kWideLanes>(x, rows, channels, scale, shift, shortcut, out);
}

HARMONIC_WIDE void average_wide(const float* x, std::int64_t rows, std::int64_t row_stride, int channels,
                                const Entry& entry, float* out) {
  average_rows<kWideLanes>(x, rows, row_stride, channels, entry, out);
}

}  // namespace

HARMONIC_KERNEL void enter(const float* x, std::int64_t rows, std::int64_t row_stride, int channels, const Entry& entry,
                           float* out) {
  if (has_wide_vectors()) return enter_wide(x, rows, row_stride, channels, entry, out);
  enter_rows<kLanes>(x, rows, row_stride, channels, entry, out);
}

HARMONIC_KERNEL void pointwise(const float* x, std::int64_t rows, std::int64_t row_stride, const float* weight,
                               int in_channels, int out_channels, const Outputs& outputs) {
  if (has_wide_vectors()) return pointwise_wide(x, rows, row_stride, weight, in_channels, out_channels, outputs);
  pointwise_rows<kLanes>(x, rows, row_stride, weight, in_channels, out_channels, outputs);
}

void pack_pointwise(const float* weight, std::int64_t row_stride, int in_channels, int out_channels, float* packed) {
  const int tile_channels = has_wide_vectors() ? kTileChannels<kWideLanes> : kTileChannels<kLanes>;
  for (int column = 0; column < out_channels; column += tile_channels) {
    const int tile = std::min(tile_channels, out_channels - column);
    for (int k = 0; k < in_channels; ++k)
      for (int c = 0; c < tile; ++c) *packed++ = weight[(column + c) * row_stride + k];
  }
}

HARMONIC_KERNEL void depthwise(const float* x, const DepthwiseShape& shape, const Entry& entry, const float* weight,
                               float* scratch, float* out) {
  if (has_wide_vectors()) return depthwise_wide(x, shape, entry, weight, scratch, out);
  depthwise_map<kLanes>(x, shape, entry, weight, scratch, out);
}

HARMONIC_KERNEL void add_moments(const float* x, std::int64_t rows, int channels, double* sum, double* square) {
  if (has_wide_vectors()) return add_moments_wide(x, rows, channels, sum, square);
  add_moments_of<kLanes>(x, rows, channels, sum, square);
}

HARMONIC_KERNEL void normalise(const float* x, std::int64_t rows, int channels, const float* scale, const float* shift,
                               const float* shortcut, float* out) {
  if (has_wide_vectors()) return normalise_wide(x, rows, channels, scale, shift, shortcut, out);
  normalise_rows<kLanes>(x, rows, channels, scale, shift, shortcut, out);
}

HARMONIC_KERNEL void average(const float* x, std::int64_t rows, std::int64_t row_stride, int channels,
                             const Entry& entry, float* out) {
  if (has_wide_vectors()) return average_wide(x, rows, row_stride, channels, entry, out);
  average_rows<kLanes>(x, rows, row_stride, channels, entry, out);
}

}  // namespace harmonic::kernels
