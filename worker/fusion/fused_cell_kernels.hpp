#pragma once

#include <cstdint>

#include "worker/fusion/norm_activate_kernels.hpp"

/// The loops of a fused cell, each over a few rows that stay in the processor's cache from one loop to the next. Those
/// of its convolving operators are norm_activate_kernels.hpp's.
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

/// Attention of a sample's positions to one another, one head without weights: P = softmax of the rows of S,
/// S = scale t t^T (positions, positions), out = P t (positions, channels).
void attend(std::int64_t positions, std::int64_t channels, float scale, const float* t, float* probabilities,
            float* out);
/// out = P t alone.
void attend_again(std::int64_t positions, std::int64_t channels, const float* t, const float* probabilities,
                  float* out);
/// dt += gradient of attend. From G = d loss / d out, since t is there three times:
///   dP_ij = G_i . t_j,   dS_ij = P_ij (dP_ij - sum_k P_ik dP_ik)   (softmax)
///   dt_j += sum_i P_ij G_i + scale (dS_ij + dS_ji) t_i             (as values; as queries and keys)
/// @param scratch positions^2
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
/// dx = gradient with respect to x of scale * (normal * weight + bias); dweight and dbias are added to. With g = scale
/// * gradient and n = normal, over the numbers of the sample:
///   dbias += g,   dweight += g n,   dn = g weight,   dx = inverse (dn - mean(dn) - n mean(dn n))
void layer_norm_backward(std::int64_t count, LayerMoments moments, const float* x, const float* weight, float scale,
                         const float* gradient, float* dx, float* dweight, float* dbias);

}  // namespace harmonic::kernels
