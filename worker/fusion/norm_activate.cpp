#include "worker/fusion/norm_activate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <torch/torch.h>

#include "worker/fusion/column_sums.hpp"
#include "worker/fusion/norm_activate_kernels.hpp"

namespace harmonic {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

/// Rows whose float sums are added up before they join the double ones: few enough to lose nothing that matters.
constexpr std::int64_t kBlockRows = 64;

template <class Work>
void for_blocks(std::int64_t rows, std::int64_t width, Work work) {
  for (std::int64_t first = 0; first < rows; first += kBlockRows)
    work(kernels::Block{first, std::min(kBlockRows, rows - first), width});
}

struct Moments {
  Tensor mean, variance;  ///< (W) biased
};

Moments batch_moments(const Tensor& u) {
  const std::int64_t rows = u.size(0), width = u.size(1);
  const float* data = u.data_ptr<float>();
  ColumnSums sum(width), square(width);
  // Shifted by the first row: a mean far from 0 does not swallow the variance.
  for_blocks(rows, width, [&](kernels::Block block) {
    kernels::column_moments(block, data + block.first * width, data, sum.block(), square.block());
    sum.end_block();
    square.end_block();
  });
  Moments moments{at::empty({width}, u.options()), at::empty({width}, u.options())};
  for (std::int64_t c = 0; c < width; ++c) {
    const double shifted = sum[c] / static_cast<double>(rows);
    moments.mean.data_ptr<float>()[c] = static_cast<float>(shifted + static_cast<double>(data[c]));
    moments.variance.data_ptr<float>()[c] =
        static_cast<float>(std::max(0.0, square[c] / static_cast<double>(rows) - shifted * shifted));
  }
  return moments;
}

kernels::DropoutMask draw_mask(double probability, Pass pass) {
  if (pass != Pass::train || probability <= 0) return {};
  const auto seed = static_cast<std::uint32_t>(at::randint(1LL << 32, {1}, at::kLong).item<std::int64_t>());
  return {seed, static_cast<std::uint32_t>(probability * 4294967296.0), static_cast<float>(1 / (1 - probability))};
}

std::int64_t output_width(Nonlinearity kind, std::int64_t width) {
  return kind == Nonlinearity::glu ? width / 2 : width;
}

/// norm_activate for given moments; gradients flow through them where they are the batch's own.
struct NormActivate : torch::autograd::Function<NormActivate> {
  static Tensor forward(AutogradContext* ctx, const Tensor& u, const Tensor& weight, const Tensor& bias,
                        const Tensor& mean, const Tensor& variance, double epsilon, bool own_moments, Nonlinearity kind,
                        kernels::DropoutMask mask) {
    const std::int64_t rows = u.size(0), width = u.size(1);
    const Tensor inverse = (variance + epsilon).rsqrt();
    const Tensor slope = weight.detach() * inverse;
    const Tensor offset = bias.detach() - mean * slope;
    const std::int64_t columns = output_width(kind, width);
    Tensor out = at::empty({rows, columns}, u.options());
    for_blocks(rows, width, [&](kernels::Block block) {
      kernels::activate(block, kind, mask, u.data_ptr<float>() + block.first * width, slope.data_ptr<float>(),
                        offset.data_ptr<float>(), out.data_ptr<float>() + block.first * columns);
    });
    ctx->save_for_backward({u, slope, offset, mean, inverse});
    ctx->saved_data["own_moments"] = own_moments;
    ctx->saved_data["kind"] = static_cast<std::int64_t>(kind);
    ctx->saved_data["seed"] = static_cast<std::int64_t>(mask.seed);
    ctx->saved_data["threshold"] = static_cast<std::int64_t>(mask.threshold);
    ctx->saved_data["scale"] = static_cast<double>(mask.scale);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &u = saved[0], &slope = saved[1], &offset = saved[2], &mean = saved[3], &inverse = saved[4];
    const auto kind = static_cast<Nonlinearity>(ctx->saved_data["kind"].toInt());
    const kernels::DropoutMask mask{static_cast<std::uint32_t>(ctx->saved_data["seed"].toInt()),
                                    static_cast<std::uint32_t>(ctx->saved_data["threshold"].toInt()),
                                    static_cast<float>(ctx->saved_data["scale"].toDouble())};
    const std::int64_t rows = u.size(0), width = u.size(1), columns = output_width(kind, width);
    const Tensor gradient = gradients[0].contiguous();
    Tensor dv = at::empty_like(u);
    ColumnSums sum(width), product(width);
    for_blocks(rows, width, [&](kernels::Block block) {
      kernels::activate_backward(block, kind, mask, u.data_ptr<float>() + block.first * width, slope.data_ptr<float>(),
                                 offset.data_ptr<float>(), mean.data_ptr<float>(),
                                 gradient.data_ptr<float>() + block.first * columns,
                                 dv.data_ptr<float>() + block.first * width, sum.block(), product.block());
      sum.end_block();
      product.end_block();
    });
    // With the batch's own moments: du = slope * (dv - mean(dv) - uhat * mean(dv * uhat)), uhat = (u - mean) * inverse.
    Tensor by_u = at::zeros_like(mean), constant = at::zeros_like(mean);
    Tensor dweight = at::empty_like(mean), dbias = at::empty_like(mean);
    const bool own_moments = ctx->saved_data["own_moments"].toBool();
    for (std::int64_t c = 0; c < width; ++c) {
      const double invstd = static_cast<double>(inverse.data_ptr<float>()[c]);
      const double along = product[c] * invstd;  // sum of dv * uhat
      dweight.data_ptr<float>()[c] = static_cast<float>(along);
      dbias.data_ptr<float>()[c] = static_cast<float>(sum[c]);
      if (!own_moments) continue;
      const double per_row = static_cast<double>(slope.data_ptr<float>()[c]) / static_cast<double>(rows);
      by_u.data_ptr<float>()[c] = static_cast<float>(-per_row * along * invstd);
      constant.data_ptr<float>()[c] = static_cast<float>(
          -per_row * sum[c] + per_row * along * invstd * static_cast<double>(mean.data_ptr<float>()[c]));
    }
    for_blocks(rows, width, [&](kernels::Block block) {
      kernels::norm_backward(block, u.data_ptr<float>() + block.first * width, slope.data_ptr<float>(),
                             by_u.data_ptr<float>(), constant.data_ptr<float>(),
                             dv.data_ptr<float>() + block.first * width);
    });
    return {dv, dweight, dbias, {}, {}, {}, {}, {}, {}};
  }
};

Tensor nonlinear(const Tensor& rows, Nonlinearity kind) {
  switch (kind) {
    case Nonlinearity::relu:
      return at::relu(rows);
    case Nonlinearity::glu:
      return at::glu(rows, rows.dim() - 1);
    case Nonlinearity::mish:
      break;
  }
  return at::mish(rows);
}

void update_running(const torch::nn::BatchNorm1d& norm, const Moments& moments, std::int64_t rows) {
  torch::NoGradGuard no_grad;
  const double momentum = *norm->options.momentum();
  const double unbiased = static_cast<double>(rows) / static_cast<double>(rows - 1);
  norm->running_mean.mul_(1 - momentum).add_(moments.mean, momentum);
  norm->running_var.mul_(1 - momentum).add_(moments.variance, momentum * unbiased);
}

}  // namespace

Tensor norm_activate(const Tensor& rows, const torch::nn::BatchNorm1d& norm, Nonlinearity kind, double dropout,
                     Pass pass) {
  if (!rows.is_cpu() || rows.scalar_type() != torch::kFloat32)
    return dropout_rows(nonlinear(batch_norm_rows(norm, rows, pass), kind), dropout, pass);
  const Tensor u = rows.contiguous().view({-1, rows.size(-1)});
  const bool own_moments = pass != Pass::eval;
  Moments moments{norm->running_mean, norm->running_var};
  if (own_moments) moments = batch_moments(u);
  if (pass == Pass::train) update_running(norm, moments, u.size(0));
  const Tensor out = NormActivate::apply(u, norm->weight, norm->bias, moments.mean, moments.variance,
                                         norm->options.eps(), own_moments, kind, draw_mask(dropout, pass));
  return out.view({rows.size(0), rows.size(1), -1});
}

}  // namespace harmonic
