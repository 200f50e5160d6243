#include "worker/fusion/norm_activate_kernels.hpp"

#include "worker/fusion/vector_math.hpp"

namespace harmonic::kernels {

HARMONIC_VECTOR_CLONES
void column_moments(Block block, const float* __restrict u, const float* __restrict shift, float* __restrict sum,
                    float* __restrict square) {
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const float* __restrict row = u + r * block.width;
    for (std::int64_t c = 0; c < block.width; ++c) {
      const float d = row[c] - shift[c];
      sum[c] += d;
      square[c] += d * d;
    }
  }
}

namespace {

/// A mask that drops nothing: loops over it draw nothing.
struct KeepAll {};
HARMONIC_INLINE bool keeps(KeepAll, std::uint32_t) {
  return true;
}

template <bool add>
HARMONIC_INLINE void store(float& to, float value) {
  to = add ? to + value : value;
}

template <bool add, class Mask>
HARMONIC_INLINE void activate_rows(Columns columns, Nonlinearity kind, Mask mask, float w, const float* __restrict u,
                                   const float* __restrict slope, const float* __restrict offset,
                                   float* __restrict out) {
  const std::int64_t channels = kind == Nonlinearity::glu ? columns.block.width / 2 : columns.block.width;
  for (std::int64_t r = 0; r < columns.block.rows; ++r) {
    const float* __restrict row = u + r * columns.pitch;
    float* __restrict to = out + r * channels;
    const auto index = static_cast<std::uint32_t>((columns.block.first + r) * channels);
    switch (kind) {
      case Nonlinearity::relu:
        for (std::int64_t c = 0; c < channels; ++c) {
          const float v = row[c] * slope[c] + offset[c];
          store<add>(to[c], v > 0.0f && keeps(mask, index + static_cast<std::uint32_t>(c)) ? w * v : 0.0f);
        }
        break;
      case Nonlinearity::glu:
        for (std::int64_t c = 0; c < channels; ++c) {
          const float v =
              (row[c] * slope[c] + offset[c]) * sigmoid(row[channels + c] * slope[channels + c] + offset[channels + c]);
          store<add>(to[c], keeps(mask, index + static_cast<std::uint32_t>(c)) ? w * v : 0.0f);
        }
        break;
      case Nonlinearity::mish:
        for (std::int64_t c = 0; c < channels; ++c) {
          const float v = mish(row[c] * slope[c] + offset[c]);
          store<add>(to[c], keeps(mask, index + static_cast<std::uint32_t>(c)) ? w * v : 0.0f);
        }
        break;
    }
  }
}

template <class Mask>
HARMONIC_INLINE void activate_backward_rows(Columns columns, Nonlinearity kind, Mask mask, float w,
                                            const float* __restrict u, const float* __restrict slope,
                                            const float* __restrict offset, const float* __restrict mean,
                                            const float* __restrict gradient, float* __restrict dv,
                                            float* __restrict sum, float* __restrict product) {
  const std::int64_t channels = kind == Nonlinearity::glu ? columns.block.width / 2 : columns.block.width;
  for (std::int64_t r = 0; r < columns.block.rows; ++r) {
    const float* __restrict row = u + r * columns.pitch;
    float* __restrict to = dv + r * columns.pitch;
    const float* __restrict from = gradient + r * channels;
    const auto index = static_cast<std::uint32_t>((columns.block.first + r) * channels);
    switch (kind) {
      case Nonlinearity::relu:
        for (std::int64_t c = 0; c < channels; ++c) {
          const float v = row[c] * slope[c] + offset[c];
          to[c] = v > 0.0f && keeps(mask, index + static_cast<std::uint32_t>(c)) ? w * from[c] : 0.0f;
        }
        break;
      case Nonlinearity::glu:
        for (std::int64_t c = 0; c < channels; ++c) {
          const float gate = sigmoid(row[channels + c] * slope[channels + c] + offset[channels + c]);
          const float g = keeps(mask, index + static_cast<std::uint32_t>(c)) ? w * from[c] : 0.0f;
          to[c] = g * gate;
          to[channels + c] = g * (row[c] * slope[c] + offset[c]) * gate * (1.0f - gate);
        }
        break;
      case Nonlinearity::mish:
        for (std::int64_t c = 0; c < channels; ++c) {
          const float g = keeps(mask, index + static_cast<std::uint32_t>(c)) ? w * from[c] : 0.0f;
          to[c] = g * mish_slope(row[c] * slope[c] + offset[c]);
        }
        break;
    }
    for (std::int64_t c = 0; c < columns.block.width; ++c) {
      sum[c] += to[c];
      product[c] += to[c] * (row[c] - mean[c]);
    }
  }
}

}  // namespace

HARMONIC_VECTOR_CLONES
void activate(Columns columns, Nonlinearity kind, DropoutMask mask, const float* __restrict u,
              const float* __restrict slope, const float* __restrict offset, float* __restrict out) {
  if (mask.threshold == 0)
    activate_rows<false>(columns, kind, KeepAll{}, 1, u, slope, offset, out);
  else
    activate_rows<false>(columns, kind, mask, mask.scale, u, slope, offset, out);
}

HARMONIC_VECTOR_CLONES
void add_activated(Columns columns, Nonlinearity kind, DropoutMask mask, float weight, const float* __restrict u,
                   const float* __restrict slope, const float* __restrict offset, float* __restrict out) {
  if (mask.threshold == 0)
    activate_rows<true>(columns, kind, KeepAll{}, weight, u, slope, offset, out);
  else
    activate_rows<true>(columns, kind, mask, weight * mask.scale, u, slope, offset, out);
}

HARMONIC_VECTOR_CLONES
void activate_backward(Columns columns, Nonlinearity kind, DropoutMask mask, float weight, const float* __restrict u,
                       const float* __restrict slope, const float* __restrict offset, const float* __restrict mean,
                       const float* __restrict gradient, float* __restrict dv, float* __restrict sum,
                       float* __restrict product) {
  if (mask.threshold == 0)
    activate_backward_rows(columns, kind, KeepAll{}, weight, u, slope, offset, mean, gradient, dv, sum, product);
  else
    activate_backward_rows(columns, kind, mask, weight * mask.scale, u, slope, offset, mean, gradient, dv, sum,
                           product);
}

HARMONIC_VECTOR_CLONES
void norm_backward(Block block, const float* __restrict u, const float* __restrict slope, const float* __restrict by_u,
                   const float* __restrict constant, float* __restrict dv) {
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const float* __restrict row = u + r * block.width;
    float* __restrict to = dv + r * block.width;
    for (std::int64_t c = 0; c < block.width; ++c) to[c] = to[c] * slope[c] + row[c] * by_u[c] + constant[c];
  }
}

}  // namespace harmonic::kernels
