#pragma once

#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "worker/fusion/state.hpp"

namespace harmonic {

/// One input of a mixed network: a feature and its reshape layer.
struct FusedInput {
  torch::Tensor rows;                    ///< (N, L, C_in), of a vector (N, 1, C_in); no gradient wanted
  torch::Tensor weight, bias;            ///< (C, C_in), (C)
  torch::nn::BatchNorm1d norm{nullptr};  ///< (C)
};

/// What all reshaped inputs give to each cell, as one autograd function on the CPU in float32: for every cell c
///
///   sum_c = sum over inputs k of edges_ck a_k,   a_k = dropout(relu(batch norm(conv(input k))))
///
/// so that no a_k, as large as a state, is written for the cells to read it several times. Backward, from the gradients
/// g_c of the sums, input by input: d edges_ck = a_k . g_c, and da_k = sum over c of edges_ck g_c goes on through
/// norm_activate_kernels.hpp to the convolution's weight; nothing goes back into an input, whose backbone is frozen.
/// Nothing of an input is kept but its statistics: both directions make its products anew, which costs one small matrix
/// product, where to keep those of all inputs would cost the most memory of the whole network. Running statistics
/// follow a Mode::train.
/// @param positions L
/// @param edges (cells, inputs) skip weights @return (cells, N, L, C)
[[nodiscard]] torch::Tensor fused_inputs(const std::vector<FusedInput>& inputs, std::int64_t positions,
                                         const torch::Tensor& edges, double dropout, Mode mode);

}  // namespace harmonic
