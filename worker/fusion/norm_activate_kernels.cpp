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

HARMONIC_VECTOR_CLONES
void activate(Block block, Nonlinearity kind, DropoutMask mask, const float* __restrict u,
              const float* __restrict slope, const float* __restrict offset, float* __restrict out) {
  const std::int64_t half = block.width / 2;
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const float* __restrict row = u + r * block.width;
    const std::int64_t columns = kind == Nonlinearity::glu ? half : block.width;
    float* __restrict to = out + r * columns;
    switch (kind) {
      case Nonlinearity::relu:
        for (std::int64_t c = 0; c < columns; ++c) {
          const float v = row[c] * slope[c] + offset[c];
          to[c] = v > 0.0f ? v : 0.0f;
        }
        break;
      case Nonlinearity::glu:
        for (std::int64_t c = 0; c < columns; ++c)
          to[c] = (row[c] * slope[c] + offset[c]) * sigmoid(row[half + c] * slope[half + c] + offset[half + c]);
        break;
      case Nonlinearity::mish:
        for (std::int64_t c = 0; c < columns; ++c) to[c] = mish(row[c] * slope[c] + offset[c]);
        break;
    }
    if (mask.threshold == 0) continue;
    const auto index = static_cast<std::uint32_t>((block.first + r) * columns);
    for (std::uint32_t c = 0; c < static_cast<std::uint32_t>(columns); ++c) to[c] *= kept(mask, index + c);
  }
}

HARMONIC_VECTOR_CLONES
void activate_backward(Block block, Nonlinearity kind, DropoutMask mask, const float* __restrict u,
                       const float* __restrict slope, const float* __restrict offset, const float* __restrict mean,
                       const float* __restrict gradient, float* __restrict dv, float* __restrict sum,
                       float* __restrict product) {
  const std::int64_t half = block.width / 2;
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const float* __restrict row = u + r * block.width;
    float* __restrict to = dv + r * block.width;
    const std::int64_t columns = kind == Nonlinearity::glu ? half : block.width;
    const float* __restrict from = gradient + r * columns;
    switch (kind) {
      case Nonlinearity::relu:
        for (std::int64_t c = 0; c < columns; ++c) to[c] = row[c] * slope[c] + offset[c] > 0.0f ? from[c] : 0.0f;
        break;
      case Nonlinearity::glu:
        for (std::int64_t c = 0; c < columns; ++c) {
          const float gate = sigmoid(row[half + c] * slope[half + c] + offset[half + c]);
          to[c] = from[c] * gate;
          to[half + c] = from[c] * (row[c] * slope[c] + offset[c]) * gate * (1.0f - gate);
        }
        break;
      case Nonlinearity::mish:
        for (std::int64_t c = 0; c < columns; ++c) to[c] = from[c] * mish_slope(row[c] * slope[c] + offset[c]);
        break;
    }
    if (mask.threshold != 0) {
      const auto index = static_cast<std::uint32_t>((block.first + r) * columns);
      for (std::int64_t start = 0; start < block.width; start += columns)
        for (std::uint32_t c = 0; c < static_cast<std::uint32_t>(columns); ++c) to[start + c] *= kept(mask, index + c);
    }
    for (std::int64_t c = 0; c < block.width; ++c) {
      sum[c] += to[c];
      product[c] += to[c] * (row[c] - mean[c]);
    }
  }
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
