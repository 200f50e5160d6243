#pragma once

// What the vector loops share.

#include <bit>
#include <cstdint>

#include "core/base/vector_clones.hpp"
#include "worker/fusion/norm_activate_kernels.hpp"

namespace harmonic::kernels {

/// exp to 2 units in the last place for |x| <= 80, clamped outside: 2^n * a polynomial on [-ln2/2, ln2/2].
HARMONIC_INLINE float fast_exp(float x) {
  x = x < -80.0f ? -80.0f : x;
  x = x > 80.0f ? 80.0f : x;
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = x * 1.44269504f + kRounder;
  const float n = shifted - kRounder;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const auto exponent = static_cast<std::int32_t>(n);
  return p * std::bit_cast<float>((exponent + 127) << 23);
}

/// The finaliser of MurmurHash3 on a counter: every bit of the index reaches every bit of the hash.
HARMONIC_INLINE bool keeps(DropoutMask mask, std::uint32_t index) {
  std::uint32_t h = index * 0x9e3779b9u + mask.seed;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return h >= mask.threshold;
}

/// 0 or mask.scale.
HARMONIC_INLINE float kept(DropoutMask mask, std::uint32_t index) {
  return keeps(mask, index) ? mask.scale : 0.0f;
}

HARMONIC_INLINE float sigmoid(float v) {
  return 1.0f / (1.0f + fast_exp(-v));
}

HARMONIC_INLINE float mish(float v) {
  const float e = fast_exp(v < 20.0f ? v : 20.0f);
  const float n = e * (e + 2.0f);
  return v * (n / (n + 2.0f));
}

HARMONIC_INLINE float mish_slope(float v) {
  const float e = fast_exp(v < 20.0f ? v : 20.0f);
  const float n = e * (e + 2.0f);
  const float inverse = 1.0f / (n + 2.0f);
  return n * inverse + v * 4.0f * e * (e + 1.0f) * inverse * inverse;
}

}  // namespace harmonic::kernels
