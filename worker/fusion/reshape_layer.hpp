#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include "worker/fusion/state.hpp"

namespace harmonic {

/// Brings one backbone feature to the states' shape: 1x1 conv C_in -> C, batch norm, ReLU, dropout. The adaptive
/// max-pool to L positions comes before it and has no parameters: it is done once, where features are cached
/// (pooled_feature).
class ReshapeLayer final : public torch::nn::Module {
 public:
  ReshapeLayer(int in_channels, const StateShape& shape);
  /// @param rows (N, L, C_in), or (N, 1, F) of a vector feature, which is repeated to L positions. @return (N, L, C)
  torch::Tensor forward(const torch::Tensor& rows, Mode mode);

  torch::nn::Conv1d conv;
  torch::nn::BatchNorm1d bn;

 private:
  StateShape shape_;
};

}  // namespace harmonic
