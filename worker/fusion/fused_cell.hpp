#pragma once

#include <vector>

#include <torch/types.h>

#include "worker/fusion/fused_step.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {

/// A mixed node (MixedNode) of at least one step as one autograd function, on the CPU in float32. All of a step's 1x1
/// convolutions are one matrix product; everything between products is done in chunks of samples that stay in the
/// processor's cache, and only what the backward pass cannot cheaply compute anew is kept: a step's input, its
/// products, its output, and a few numbers a sample. Chunks do not depend on the number of threads, nor does the order
/// of sums; running statistics follow a Pass::train.
/// @param x (N, L, C) @param beta (inner edges, 2) @param gamma (steps, operators)
/// @param ln_weight, ln_bias (L, C) of the layer norm at the end
[[nodiscard]] torch::Tensor fused_cell(const torch::Tensor& x, const torch::Tensor& beta, const torch::Tensor& gamma,
                                       const torch::Tensor& ln_weight, const torch::Tensor& ln_bias, double ln_epsilon,
                                       const std::vector<FusedStep>& steps, Pass pass);

}  // namespace harmonic
