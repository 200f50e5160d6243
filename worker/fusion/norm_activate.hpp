#pragma once

#include <torch/types.h>

#include "worker/fusion/state.hpp"

namespace harmonic {

enum class Nonlinearity {
  relu,  ///< max(v, 0)
  glu,   ///< gated linear unit: first half of the channels * sigmoid(second half)
  mish,  ///< v * tanh(softplus(v))
};

/// Batch norm over all rows, a nonlinearity and dropout, together: what is between two matrix products of a fusion
/// network is bound by memory, so one autograd function reads and writes each state once, where separate ones would
/// many times. Dropout's mask is a hash of (a seed from LibTorch's generator, element), computed anew in the backward
/// pass and never stored. On other devices than the CPU the same is put together from LibTorch's functions.
/// @param rows (lanes * N, L, W) @return (lanes * N, L, W), or (lanes * N, L, W / 2) for glu
[[nodiscard]] torch::Tensor norm_activate(const torch::Tensor& rows, const torch::nn::BatchNorm1d& norm,
                                          Nonlinearity nonlinearity, double dropout, std::int64_t lanes, Mode mode);

}  // namespace harmonic
