#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "worker/fusion/norm_activate.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {

/// An operator of a fusion cell: two states in, one out, all (N, L, C). Source: method.md, the BM-NAS family.
class FusionOperator : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode) = 0;
};

/// x + y
class Sum final : public FusionOperator {
 public:
  explicit Sum(const StateShape&) {}
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode) override;
};

/// Positions of x attend to positions of y: softmax(x^T y / sqrt(C)) y^T, dropout (always 0.1, as published, unless the
/// network's is 0), layer norm.
class ScaleDotAttn final : public FusionOperator {
 public:
  explicit ScaleDotAttn(const StateShape& shape);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode) override;
  torch::nn::LayerNorm ln;
  const double dropout;

 private:
  std::int64_t lanes_;
};

/// What the three operators share that convolve [x; y]: conv1x1, batch norm, nonlinearity, dropout.
class ConvolvingOperator : public FusionOperator {
 public:
  ConvolvingOperator(const StateShape& shape, int width, Nonlinearity nonlinearity);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode) final;
  torch::nn::Conv1d conv;  ///< 2C -> width
  torch::nn::BatchNorm1d bn;
  const Nonlinearity nonlinearity;
  const double dropout;

 private:
  std::int64_t lanes_;
};

/// conv1x1(2C -> 2C), batch norm, gated linear unit, dropout
class LinearGLU final : public ConvolvingOperator {
 public:
  explicit LinearGLU(const StateShape& shape) : ConvolvingOperator(shape, 2 * shape.channels, Nonlinearity::glu) {}
};

/// conv1x1(2C -> C), batch norm, ReLU, dropout
class ConcatFC final : public ConvolvingOperator {
 public:
  explicit ConcatFC(const StateShape& shape) : ConvolvingOperator(shape, shape.channels, Nonlinearity::relu) {}
};

/// conv1x1(2C -> C), batch norm, Mish, dropout
class CatConvMish final : public ConvolvingOperator {
 public:
  explicit CatConvMish(const StateShape& shape) : ConvolvingOperator(shape, shape.channels, Nonlinearity::mish) {}
};

/// Squeeze one state, excite the other: excited * sigmoid(relu(fc(mean over L of squeezed))).
/// SE1 squeezes x and excites y; SE2 the other way round (defined, but not searched, in the published work).
class SqueezeExcite : public FusionOperator {
 public:
  explicit SqueezeExcite(const StateShape& shape);
  /// (N, C) factors of the excited state's channels
  [[nodiscard]] torch::Tensor excitation(const torch::Tensor& squeezed);
  torch::nn::Linear fc_squeeze;

 private:
  std::int64_t lanes_;
};
class SE1 final : public SqueezeExcite {
 public:
  using SqueezeExcite::SqueezeExcite;
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode) override;
};
class SE2 final : public SqueezeExcite {
 public:
  using SqueezeExcite::SqueezeExcite;
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode) override;
};

/// Low-rank tensor fusion of the flattened states: sum over ranks of w_r * ([1; x] F_r) * ([1; y] G_r) + b, rank 16.
/// Not searched in the published work: at C = 192, L = 16 its factors hold 302 million numbers (1.2 GB); for small
/// states. Source: arXiv 1806.00064.
class LowRankTensorFusion final : public FusionOperator {
 public:
  explicit LowRankTensorFusion(const StateShape& shape);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& y, Mode mode) override;
  static constexpr int kRank = 16;
  torch::Tensor factor_x, factor_y;  ///< (rank, C*L + 1, C*L), row 0 meets the 1
  torch::Tensor fusion_weights;      ///< (1, rank)
  torch::Tensor fusion_bias;         ///< (1, C*L)
};

/// Makes an operator of core's table (core/hardware/fusion_operators). @throws InputError naming the nearest known one
[[nodiscard]] std::shared_ptr<FusionOperator> make_fusion_operator(std::string_view name, const StateShape& shape);
/// Whether all of them run in several lanes, as core's table says.
[[nodiscard]] bool runs_in_lanes(const std::vector<std::string>& names);
/// @throws InputError when the list is empty, or names an operator that does not exist, or one twice
void check_fusion_operators(const std::vector<std::string>& names);

}  // namespace harmonic
