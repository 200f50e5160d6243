#pragma once

#include <vector>

#include <torch/types.h>

#include "worker/fusion/fused_step.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {

/// A mixed node (MixedNode) of at least one step as one autograd function, on the CPU in float32. Put together from
/// LibTorch's operators it would be bound by memory: many small operators a step, each of which reads and writes
/// whole states and keeps them for the backward pass. Here all of a step's 1x1 convolutions are one matrix product, and
/// everything between products is done in chunks of samples that stay in the processor's cache (fused_step.hpp). Kept
/// is only what the backward pass cannot cheaply compute anew: a step's input, its products, its output, and a few
/// numbers a sample. With w the skip weights, state 0 the cell's input x (which stands there twice) and state s + 1
/// step s's output:
///
///   t_s = sum over k <= s of w_sk state_k,   out = layer norm(state_last + x)
///
/// Backward, from the last step to the first, with r the gradient of state_last + x:
///
///   d state_s+1 = sum over later steps p of w_p,s+1 dt_p   (r for the last)
///   dw_sk = dt_s . state_k,   dx = r + sum over s of w_s0 dt_s
///
/// Chunks do not depend on the number of threads, nor does the order of sums; running statistics follow a Mode::train.
/// @param x (N, L, C) @param beta (inner edges, 2) @param gamma (steps, operators)
/// @param ln_weight, ln_bias (L, C) of the layer norm at the end
[[nodiscard]] torch::Tensor fused_cell(const torch::Tensor& x, const torch::Tensor& beta, const torch::Tensor& gamma,
                                       const torch::Tensor& ln_weight, const torch::Tensor& ln_bias, double ln_epsilon,
                                       const std::vector<FusedStep>& steps, Mode mode);

}  // namespace harmonic
