#pragma once

#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/types.h>

#include "worker/fusion/norm_activate.hpp"

namespace harmonic {

/// One mixed operator as a fused cell takes it: its convolutions stacked to one, since all read the same input.
/// Tensors of operators that are not among the candidates are empty.
struct FusedStep {
  /// A convolving operator: columns [first, first + width) of the stacked convolution.
  struct Part {
    int op = 0;  ///< index among the candidates, as in gamma
    Nonlinearity kind = Nonlinearity::relu;
    std::int64_t first = 0, width = 0;
    torch::nn::BatchNorm1d norm{nullptr};
  };
  std::vector<Part> parts;                    ///< one at least
  int sum = -1, attention = -1, excite = -1;  ///< indices of Sum, ScaleDotAttn, SE1 or SE2; -1: no candidate
  double dropout = 0, attention_dropout = 0;
  double norm_epsilon = 0, layer_norm_epsilon = 0;

  torch::Tensor weight, bias;                            ///< (W, C) folded, (W)
  torch::Tensor norm_weight, norm_bias;                  ///< (W)
  torch::Tensor excite_weight, excite_bias;              ///< (C, C), (C)
  torch::Tensor attention_ln_weight, attention_ln_bias;  ///< (L, C)
};

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
