#pragma once

#include <string>
#include <vector>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>

#include "worker/fusion/lanes.hpp"

namespace harmonic {

struct FusionSettings;

/// A state of a fusion network is (N, L, C): samples, positions, channels, channels contiguous, so that a 1x1
/// convolution is one matrix product over N*L rows. Parameters keep the published shapes, (C, L) of layer norms
/// included.
struct StateShape {
  int channels = 192;      ///< C
  int positions = 16;      ///< L
  double dropout = 0.1;    ///< probability, in [0, 1)
  std::int64_t lanes = 1;  ///< networks side by side in one (lanes.hpp)
};

[[nodiscard]] StateShape state_shape(const FusionSettings& settings);

/// How a network is run.
enum class Mode {
  train,         ///< batch statistics, running ones updated, dropout
  architecture,  ///< batch statistics, nothing updated, no dropout: a step of the architecture leaves no trace of its
                 ///< (validation) batch in what the weights' network keeps
  eval,          ///< running statistics, no dropout
};

/// Pooled features (N, C, L) (pooled_feature), or a vector feature (N, F, 1) or (N, F), as rows: (N, L, C), or (N, 1,
/// F), contiguous.
[[nodiscard]] torch::Tensor feature_rows(const torch::Tensor& feature);
/// 1x1 convolution of rows (..., C_in) -> (..., C_out); with `y`, of the two inputs joined on channels, [x; y], without
/// joining them. When y is x the two halves of the weight are added first: half the work, the same result and
/// gradients.
[[nodiscard]] torch::Tensor conv_rows(const torch::nn::Conv1d& conv, const torch::Tensor& x, std::int64_t lanes);
[[nodiscard]] torch::Tensor conv_rows(const torch::nn::Conv1d& conv, const torch::Tensor& x, const torch::Tensor& y,
                                      std::int64_t lanes);
/// The weight (C_out, C) that a convolution over [x; x] amounts to.
[[nodiscard]] torch::Tensor folded_weight(const torch::nn::Conv1d& conv);

/// What a batch norm learns and keeps: (C) each.
struct NormTensors {
  torch::Tensor weight, bias, mean, variance;
  double momentum = 0, epsilon = 0;
};
/// LibTorch's batch norm of dimension 1 of (N, C, ...). Running statistics change in mode train alone.
[[nodiscard]] torch::Tensor batch_norm_channels(const NormTensors& norm, const torch::Tensor& x, Mode mode);
/// Batch norm per channel over all rows of (N, L, C), of each lane by itself.
[[nodiscard]] torch::Tensor batch_norm_rows(const torch::nn::BatchNorm1d& norm, const torch::Tensor& rows,
                                            std::int64_t lanes, Mode mode);
/// Layer norm over positions and channels together; the parameters are (lanes * C, L).
[[nodiscard]] torch::Tensor layer_norm_rows(const torch::nn::LayerNorm& norm, const torch::Tensor& rows,
                                            std::int64_t lanes);
[[nodiscard]] torch::Tensor dropout_rows(const torch::Tensor& rows, double probability, Mode mode);

}  // namespace harmonic
