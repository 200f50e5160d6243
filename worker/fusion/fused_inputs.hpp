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

/// What all reshaped inputs give to each cell, as one autograd function on the CPU in float32: sum over inputs k of
/// edges[c][k] * dropout(relu(batch norm(conv(input k)))), for every cell c. Nothing of an input is
/// kept but its statistics: every pass makes it anew. Running statistics follow a Pass::train.
/// @param positions L
/// @param edges (cells, inputs) skip weights @return (cells, N, L, C)
[[nodiscard]] torch::Tensor fused_inputs(const std::vector<FusedInput>& inputs, std::int64_t positions,
                                         const torch::Tensor& edges, double dropout, Pass pass);

}  // namespace harmonic
