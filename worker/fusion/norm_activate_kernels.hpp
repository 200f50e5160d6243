#pragma once

#include <cstdint>

#include "worker/fusion/norm_activate.hpp"

/// Batch norm, a nonlinearity f and dropout over products u, one pass over memory in each direction. With the batch's
/// mean m and inverse standard deviation i, and the norm's weight g and bias b, all of a column c:
///
///   v = (u - m) i g + b = u * slope + offset,   slope = g i,   offset = b - m slope
///   out = w k f(v)                              k: 0 where dropped, else 1 / (1 - p); w: the caller's factor
///
/// Backward, from d = d loss / d out, in two passes, since a gradient through the moments needs sums over all rows R:
///
///   1. dv = w k d f'(v);   sum = sum of dv;   product = sum of dv (u - m)          (activate_backward)
///      db = sum, dg = i product: v's dependence on b and g alone
///   2. du = slope (dv - sum / R - uhat * i product / R),   uhat = (u - m) i        (norm_backward)
///         = slope dv + u by_u + constant,   by_u = -slope i^2 product / R,   constant = -slope sum / R - by_u m
///
/// since dm/du = 1 / R and di/du = -i^2 uhat / R. Where the moments are constants (Mode::eval) du = slope dv. v and
/// f(v) are made anew from u in the second direction: cheaper than to store and read them. So is the mask, a hash of
/// the element's index.
namespace harmonic::kernels {

/// Drops an element when the hash of its index falls below `threshold`; what is kept is scaled.
struct DropoutMask {
  std::uint32_t seed = 0;
  std::uint32_t threshold = 0;  ///< probability * 2^32; 0 drops nothing
  float scale = 1;              ///< 1 / (1 - probability)
};

/// A block of consecutive rows of a (rows, width) matrix.
struct Block {
  std::int64_t first = 0, rows = 0, width = 0;  ///< first: of the whole matrix, for the mask
};

/// Columns of a wider matrix: a block's rows start `pitch` apart.
struct Columns {
  Block block;  ///< width: of these columns
  std::int64_t pitch = 0;
};

/// sum[c] += u - shift[c], square[c] += (u - shift[c])^2, over the block's rows.
void column_moments(Block block, const float* u, const float* shift, float* sum, float* square);

/// out = dropout(nonlinearity(u * slope[c] + offset[c])); out is dense, of glu width / 2 wide.
void activate(Columns columns, Nonlinearity kind, DropoutMask mask, const float* u, const float* slope,
              const float* offset, float* out);
/// out += weight * the same.
void add_activated(Columns columns, Nonlinearity kind, DropoutMask mask, float weight, const float* u,
                   const float* slope, const float* offset, float* out);

/// dv = gradient with respect to v = u * slope + offset, of weight * dropout(nonlinearity(v)), with the pitch of u;
/// sum[c] += dv, product[c] += dv * (u - mean[c]). @param gradient dense, as out
void activate_backward(Columns columns, Nonlinearity kind, DropoutMask mask, float weight, const float* u,
                       const float* slope, const float* offset, const float* mean, const float* gradient, float* dv,
                       float* sum, float* product);

/// dv = dv * slope[c] + u * by_u[c] + constant[c], in place: du.
void norm_backward(Block block, const float* u, const float* slope, const float* by_u, const float* constant,
                   float* dv);

}  // namespace harmonic::kernels
