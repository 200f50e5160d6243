#include "worker/fusion/state.hpp"

#include <tuple>

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/config/search_settings.hpp"

namespace harmonic {

using torch::Tensor;

StateShape state_shape(const FusionSettings& settings) {
  return {settings.channels, settings.side * settings.side, settings.dropout};
}

Tensor feature_rows(const Tensor& feature) {
  const Tensor map = feature.dim() == 2 ? feature.unsqueeze(2) : feature;
  return map.transpose(1, 2).contiguous();
}

Tensor folded_weight(const torch::nn::Conv1d& conv) {
  const auto halves = conv->weight.squeeze(2).chunk(2, 1);
  return halves[0] + halves[1];
}

Tensor conv_rows(const torch::nn::Conv1d& conv, const Tensor& x, std::int64_t lanes) {
  return linear_rows(x, conv->weight.squeeze(2), conv->bias, lanes);
}

Tensor conv_rows(const torch::nn::Conv1d& conv, const Tensor& x, const Tensor& y, std::int64_t lanes) {
  if (x.is_same(y)) return linear_rows(x, folded_weight(conv), conv->bias, lanes);
  const auto halves = conv->weight.squeeze(2).chunk(2, 1);
  if (lanes > 1) return linear_rows(x, halves[0], conv->bias, lanes) + linear_rows(y, halves[1], {}, lanes);
  const auto rows = [](const Tensor& t) { return t.reshape({-1, t.size(-1)}); };
  const Tensor first = at::addmm(conv->bias, rows(x), halves[0].t());
  return at::addmm(first, rows(y), halves[1].t()).view({x.size(0), x.size(1), -1});
}

namespace {

NormTensors tensors_of(const torch::nn::BatchNorm1d& norm) {
  return {norm->weight,       norm->bias, norm->running_mean, norm->running_var, *norm->options.momentum(),
          norm->options.eps()};
}

/// The channels of all lanes as those of one sample, which LibTorch normalises in one kernel.
Tensor batch_norm_on_device(const torch::nn::BatchNorm1d& norm, const Tensor& rows, std::int64_t lanes, Mode mode) {
  const Tensor columns = rows.reshape({lanes, -1, rows.size(2)}).transpose(1, 2).flatten(0, 1).unsqueeze(0);
  const Tensor out = batch_norm_channels(tensors_of(norm), columns, mode);
  return out.view({lanes, rows.size(2), -1}).transpose(1, 2).reshape(rows.sizes());
}

Tensor batch_norm_lanes(const torch::nn::BatchNorm1d& norm, const Tensor& rows, std::int64_t lanes, Mode mode) {
  if (!rows.is_cpu()) return batch_norm_on_device(norm, rows, lanes, mode);
  const auto by_lane = [&](const Tensor& numbers) { return numbers.view({lanes, 1, -1}); };
  const Tensor x = rows.reshape({lanes, -1, rows.size(2)});
  Tensor mean = by_lane(norm->running_mean), variance = by_lane(norm->running_var);
  if (mode != Mode::eval) std::tie(variance, mean) = at::var_mean(x, {1}, /*correction=*/0, /*keepdim=*/true);
  if (mode == Mode::train) {
    const torch::NoGradGuard no_grad;
    const double momentum = *norm->options.momentum();
    const auto count = static_cast<double>(x.size(1));
    norm->running_mean.mul_(1 - momentum).add_(mean.flatten(), momentum);
    norm->running_var.mul_(1 - momentum).add_(variance.flatten(), momentum * count / (count - 1));
  }
  const Tensor slope = by_lane(norm->weight) * (variance + norm->options.eps()).rsqrt();
  return at::addcmul(by_lane(norm->bias), x - mean, slope).view(rows.sizes());
}

}  // namespace

Tensor batch_norm_channels(const NormTensors& norm, const Tensor& x, Mode mode) {
  const bool keep = mode != Mode::architecture;
  return at::batch_norm(x, norm.weight, norm.bias, keep ? norm.mean : Tensor(), keep ? norm.variance : Tensor(),
                        mode != Mode::eval, norm.momentum, norm.epsilon, /*cudnn_enabled=*/false);
}

Tensor batch_norm_rows(const torch::nn::BatchNorm1d& norm, const Tensor& rows, std::int64_t lanes, Mode mode) {
  if (lanes > 1) return batch_norm_lanes(norm, rows, lanes, mode);
  // Seen as a channels-last map (N, C, L, 1), which LibTorch normalises row by row without a transposed copy.
  const Tensor map = rows.transpose(1, 2).unsqueeze(3);
  return batch_norm_channels(tensors_of(norm), map, mode).squeeze(3).transpose(1, 2);
}

Tensor layer_norm_rows(const torch::nn::LayerNorm& norm, const Tensor& rows, std::int64_t lanes) {
  if (lanes > 1) {
    const auto by_lane = [&](const Tensor& numbers) {  // (lanes * C, L) -> (lanes, 1, L, C)
      return numbers.view({lanes, 1, rows.size(2), rows.size(1)}).transpose(2, 3);
    };
    const Tensor normal = at::layer_norm(rows, {rows.size(1), rows.size(2)}, {}, {}, norm->options.eps(), false);
    if (!rows.is_cpu())  // apart: in one the result would take the parameters' order in memory
      return (normal.view({lanes, -1, rows.size(1), rows.size(2)}) * by_lane(norm->weight) + by_lane(norm->bias))
          .view(rows.sizes());
    return at::addcmul(by_lane(norm->bias), normal.view({lanes, -1, rows.size(1), rows.size(2)}), by_lane(norm->weight))
        .view(rows.sizes());
  }
  return at::layer_norm(rows, {rows.size(1), rows.size(2)}, norm->weight.t().contiguous(), norm->bias.t().contiguous(),
                        norm->options.eps(), false);
}

Tensor dropout_rows(const Tensor& rows, double probability, Mode mode) {
  if (mode != Mode::train || probability <= 0) return rows;
  return rows.is_cpu() ? at::dropout(rows, probability, true)
                       : std::get<0>(at::native_dropout(rows, probability, true));  // one kernel
}

}  // namespace harmonic
