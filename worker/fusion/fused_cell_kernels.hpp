#pragma once

#include <cstdint>

#include "worker/fusion/norm_activate_kernels.hpp"

/// The loops of a fused cell, each over a few rows that stay in the processor's cache from one loop to the next.
namespace harmonic::kernels {

/// out = sum of weights[k] * states[k]
void weighted_sum(std::int64_t count, std::int64_t states, const float* const* state, const float* weight, float* out);
/// Sum of a * b.
[[nodiscard]] double dot(std::int64_t count, const float* a, const float* b);
/// out += a * scale
void add_scaled(std::int64_t count, const float* a, float scale, float* out);

/// mean[c] of (rows, channels)
void row_mean(std::int64_t rows, std::int64_t channels, const float* t, float* mean);
/// out += row, every row.
void add_row(std::int64_t rows, std::int64_t channels, const float* row, float* out);
/// out = t * factor[c]
void scale_channels(std::int64_t rows, std::int64_t channels, const float* t, const float* factor, float* out);
/// dt = gradient * factor[c]; dfactor[c] += gradient * t
void scale_channels_backward(std::int64_t rows, std::int64_t channels, const float* t, const float* factor,
                             const float* gradient, float* dt, float* dfactor);

/// Columns of a wider matrix: a block's rows start `pitch` apart.
struct Columns {
  Block block;  ///< width: of these columns
  std::int64_t pitch = 0;
};
/// out += weight * dropout(nonlinearity(u * slope[c] + offset[c])); out is dense.
void add_activated(Columns columns, Nonlinearity kind, DropoutMask mask, float weight, const float* u,
                   const float* slope, const float* offset, float* out);
/// Backward of it: dv as in activate_backward, with the pitch of u.
void add_activated_backward(Columns columns, Nonlinearity kind, DropoutMask mask, float weight, const float* u,
                            const float* slope, const float* offset, const float* mean, const float* gradient,
                            float* dv, float* sum, float* product);

/// Attention of a sample's positions to one another: probabilities = softmax(t t^T * scale) (positions, positions),
/// out = probabilities t (positions, channels).
void attend(std::int64_t positions, std::int64_t channels, float scale, const float* t, float* probabilities,
            float* out);
/// out = probabilities t alone.
void attend_again(std::int64_t positions, std::int64_t channels, const float* t, const float* probabilities,
                  float* out);
/// dt += gradient of attend. @param scratch positions^2
void attend_backward(std::int64_t positions, std::int64_t channels, float scale, const float* t,
                     const float* probabilities, const float* gradient, float* dt, float* scratch);

/// x *= mask, elements counted from `first`.
void drop(std::int64_t count, DropoutMask mask, std::uint32_t first, float* x);

/// Moments of one sample for layer norm.
struct LayerMoments {
  float mean = 0, inverse = 0;  ///< inverse: 1 / sqrt(variance + epsilon)
};
[[nodiscard]] LayerMoments layer_moments(std::int64_t count, const float* x, double epsilon);
/// out = normal * weight + bias, normal = (x - mean) * inverse
void layer_norm(std::int64_t count, LayerMoments moments, const float* x, const float* weight, const float* bias,
                float* out);
/// out += scale * (normal * weight + bias)
void add_layer_norm(std::int64_t count, LayerMoments moments, const float* x, const float* weight, const float* bias,
                    float scale, float* out);
/// dx = gradient with respect to x of scale * (normal * weight + bias); dweight and dbias are added to.
void layer_norm_backward(std::int64_t count, LayerMoments moments, const float* x, const float* weight, float scale,
                         const float* gradient, float* dx, float* dweight, float* dbias);

}  // namespace harmonic::kernels
