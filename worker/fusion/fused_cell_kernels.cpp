#include "worker/fusion/fused_cell_kernels.hpp"

#include <algorithm>
#include <cmath>

#include "worker/fusion/vector_math.hpp"

namespace harmonic::kernels {
namespace {

/// A sum is kept in as many parts as vector units have lanes: the compiler may not reorder one sum of floats.
constexpr std::int64_t kLanes = 16;

HARMONIC_INLINE float lane_dot(std::int64_t count, const float* __restrict a, const float* __restrict b) {
  float lanes[kLanes] = {};
  const std::int64_t whole = count - count % kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes)
    for (std::int64_t k = 0; k < kLanes; ++k) lanes[k] += a[i + k] * b[i + k];
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  for (std::int64_t i = whole; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

HARMONIC_INLINE void axpy(std::int64_t count, float scale, const float* __restrict a, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] += scale * a[i];
}

}  // namespace

HARMONIC_VECTOR_CLONES
void weighted_sum(std::int64_t count, std::int64_t states, const float* const* state, const float* weight,
                  float* __restrict out) {
  constexpr std::int64_t kTile = 2048;  // stays in the first cache over all states
  for (std::int64_t first = 0; first < count; first += kTile) {
    const std::int64_t n = std::min(kTile, count - first);
    float* __restrict to = out + first;
    const float* __restrict from = state[0] + first;
    const float w = weight[0];
    for (std::int64_t i = 0; i < n; ++i) to[i] = w * from[i];
    for (std::int64_t k = 1; k < states; ++k) axpy(n, weight[k], state[k] + first, to);
  }
}

HARMONIC_VECTOR_CLONES
double dot(std::int64_t count, const float* __restrict a, const float* __restrict b) {
  constexpr std::int64_t kBlock = 1024;  // floats summed as floats, blocks as doubles
  double sum = 0;
  for (std::int64_t first = 0; first < count; first += kBlock)
    sum += static_cast<double>(lane_dot(std::min(kBlock, count - first), a + first, b + first));
  return sum;
}

HARMONIC_VECTOR_CLONES
void add_scaled(std::int64_t count, const float* __restrict a, float scale, float* __restrict out) {
  axpy(count, scale, a, out);
}

HARMONIC_VECTOR_CLONES
void row_mean(std::int64_t rows, std::int64_t channels, const float* __restrict t, float* __restrict mean) {
  const float share = 1.0f / static_cast<float>(rows);
  for (std::int64_t c = 0; c < channels; ++c) mean[c] = share * t[c];
  for (std::int64_t r = 1; r < rows; ++r) axpy(channels, share, t + r * channels, mean);
}

HARMONIC_VECTOR_CLONES
void add_row(std::int64_t rows, std::int64_t channels, const float* __restrict row, float* __restrict out) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) out[r * channels + c] += row[c];
}

HARMONIC_VECTOR_CLONES
void scale_channels(std::int64_t rows, std::int64_t channels, const float* __restrict t, const float* __restrict factor,
                    float* __restrict out) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) out[r * channels + c] = t[r * channels + c] * factor[c];
}

HARMONIC_VECTOR_CLONES
void scale_channels_backward(std::int64_t rows, std::int64_t channels, const float* __restrict t,
                             const float* __restrict factor, const float* __restrict gradient, float* __restrict dt,
                             float* __restrict dfactor) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float g = gradient[r * channels + c];
      dt[r * channels + c] = g * factor[c];
      dfactor[c] += g * t[r * channels + c];
    }
}

HARMONIC_VECTOR_CLONES
void attend_again(std::int64_t positions, std::int64_t channels, const float* __restrict t,
                  const float* __restrict probabilities, float* __restrict out) {
  for (std::int64_t i = 0; i < positions; ++i) {
    float* __restrict to = out + i * channels;
    const float* __restrict p = probabilities + i * positions;
    for (std::int64_t c = 0; c < channels; ++c) to[c] = p[0] * t[c];
    for (std::int64_t j = 1; j < positions; ++j) axpy(channels, p[j], t + j * channels, to);
  }
}

HARMONIC_VECTOR_CLONES
void attend(std::int64_t positions, std::int64_t channels, float scale, const float* __restrict t,
            float* __restrict probabilities, float* __restrict out) {
  for (std::int64_t i = 0; i < positions; ++i)
    for (std::int64_t j = 0; j <= i; ++j)
      probabilities[i * positions + j] = probabilities[j * positions + i] =
          scale * lane_dot(channels, t + i * channels, t + j * channels);
  for (std::int64_t i = 0; i < positions; ++i) {
    float* p = probabilities + i * positions;
    const float highest = *std::max_element(p, p + positions);
    float sum = 0;
    for (std::int64_t j = 0; j < positions; ++j) {
      p[j] = fast_exp(p[j] - highest);
      sum += p[j];
    }
    for (std::int64_t j = 0; j < positions; ++j) p[j] /= sum;
  }
  attend_again(positions, channels, t, probabilities, out);
}

HARMONIC_VECTOR_CLONES
void attend_backward(std::int64_t positions, std::int64_t channels, float scale, const float* __restrict t,
                     const float* __restrict probabilities, const float* __restrict gradient, float* __restrict dt,
                     float* __restrict scratch) {
  float* __restrict dscore = scratch;
  for (std::int64_t i = 0; i < positions; ++i) {
    const float* p = probabilities + i * positions;
    float* d = dscore + i * positions;
    float mean = 0;
    for (std::int64_t j = 0; j < positions; ++j) {
      d[j] = lane_dot(channels, gradient + i * channels, t + j * channels);
      mean += d[j] * p[j];
    }
    for (std::int64_t j = 0; j < positions; ++j) d[j] = scale * p[j] * (d[j] - mean);
  }
  for (std::int64_t j = 0; j < positions; ++j) {
    float* __restrict to = dt + j * channels;
    for (std::int64_t i = 0; i < positions; ++i) {
      const float p = probabilities[i * positions + j];
      const float s = dscore[i * positions + j] + dscore[j * positions + i];
      const float* __restrict g = gradient + i * channels;
      const float* __restrict other = t + i * channels;
      for (std::int64_t c = 0; c < channels; ++c) to[c] += p * g[c] + s * other[c];
    }
  }
}

HARMONIC_VECTOR_CLONES
void drop(std::int64_t count, DropoutMask mask, std::uint32_t first, float* __restrict x) {
  if (mask.threshold == 0) return;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(count); ++i) x[i] *= kept(mask, first + i);
}

HARMONIC_VECTOR_CLONES
LayerMoments layer_moments(std::int64_t count, const float* __restrict x, double epsilon) {
  float sum[kLanes] = {}, square[kLanes] = {};
  const float shift = x[0];
  const std::int64_t whole = count - count % kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes)
    for (std::int64_t k = 0; k < kLanes; ++k) {
      const float d = x[i + k] - shift;
      sum[k] += d;
      square[k] += d * d;
    }
  double total = 0, squares = 0;
  for (std::int64_t k = 0; k < kLanes; ++k) {
    total += static_cast<double>(sum[k]);
    squares += static_cast<double>(square[k]);
  }
  for (std::int64_t i = whole; i < count; ++i) {
    const double d = static_cast<double>(x[i] - shift);
    total += d;
    squares += d * d;
  }
  const double mean = total / static_cast<double>(count);
  const double variance = std::max(0.0, squares / static_cast<double>(count) - mean * mean);
  return {static_cast<float>(mean + static_cast<double>(shift)),
          static_cast<float>(1.0 / std::sqrt(variance + epsilon))};
}

HARMONIC_VECTOR_CLONES
void layer_norm(std::int64_t count, LayerMoments moments, const float* __restrict x, const float* __restrict weight,
                const float* __restrict bias, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = (x[i] - moments.mean) * moments.inverse * weight[i] + bias[i];
}

HARMONIC_VECTOR_CLONES
void add_layer_norm(std::int64_t count, LayerMoments moments, const float* __restrict x, const float* __restrict weight,
                    const float* __restrict bias, float scale, float* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i)
    out[i] += scale * ((x[i] - moments.mean) * moments.inverse * weight[i] + bias[i]);
}

HARMONIC_VECTOR_CLONES
void layer_norm_backward(std::int64_t count, LayerMoments moments, const float* __restrict x,
                         const float* __restrict weight, float scale, const float* __restrict gradient,
                         float* __restrict dx, float* __restrict dweight, float* __restrict dbias) {
  float sum[kLanes] = {}, product[kLanes] = {};
  const std::int64_t whole = count - count % kLanes;
  float total = 0, products = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = scale * gradient[i];
    const float normal = (x[i] - moments.mean) * moments.inverse;
    dbias[i] += g;
    dweight[i] += g * normal;
    dx[i] = g * weight[i];
  }
  for (std::int64_t i = 0; i < whole; i += kLanes)
    for (std::int64_t k = 0; k < kLanes; ++k) {
      sum[k] += dx[i + k];
      product[k] += dx[i + k] * (x[i + k] - moments.mean);
    }
  for (std::int64_t i = whole; i < count; ++i) {
    total += dx[i];
    products += dx[i] * (x[i] - moments.mean);
  }
  for (std::int64_t k = 0; k < kLanes; ++k) {
    total += sum[k];
    products += product[k];
  }
  const float share = 1.0f / static_cast<float>(count);
  const float mean = total * share, along = products * share * moments.inverse * moments.inverse;
  for (std::int64_t i = 0; i < count; ++i) dx[i] = moments.inverse * (dx[i] - mean - (x[i] - moments.mean) * along);
}

}  // namespace harmonic::kernels
