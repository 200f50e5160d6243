#pragma once

#include <cstdint>

#include "worker/fusion/norm_activate.hpp"

namespace harmonic::kernels {

/// Drops an element when the hash of its index falls below `threshold`; what is kept is scaled.
struct DropoutMask {
  std::uint32_t seed = 0;
  std::uint32_t threshold = 0;  ///< probability * 2^32; 0 drops nothing
  float scale = 1;              ///< 1 / (1 - probability)
};

/// A block of consecutive rows of a (rows, width) matrix. Of glu the output is width / 2 wide.
struct Block {
  std::int64_t first = 0, rows = 0, width = 0;  ///< first: of the whole matrix, for the mask
};

/// sum[c] += u - shift[c], square[c] += (u - shift[c])^2, over the block's rows.
void column_moments(Block block, const float* u, const float* shift, float* sum, float* square);

/// out = dropout(nonlinearity(u * slope[c] + offset[c]))
void activate(Block block, Nonlinearity kind, DropoutMask mask, const float* u, const float* slope, const float* offset,
              float* out);

/// dv = gradient with respect to v = u * slope + offset; sum[c] += dv, product[c] += dv * (u - mean[c]).
void activate_backward(Block block, Nonlinearity kind, DropoutMask mask, const float* u, const float* slope,
                       const float* offset, const float* mean, const float* gradient, float* dv, float* sum,
                       float* product);

/// dv = dv * slope[c] + u * by_u[c] + constant[c], in place: the rest of batch norm's backward pass.
void norm_backward(Block block, const float* u, const float* slope, const float* by_u, const float* constant,
                   float* dv);

}  // namespace harmonic::kernels
