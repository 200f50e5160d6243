#include "worker/fusion/state.hpp"

#include <torch/torch.h>

namespace harmonic {

using torch::Tensor;

Tensor feature_rows(const Tensor& feature) {
  const Tensor map = feature.dim() == 2 ? feature.unsqueeze(2) : feature;
  return map.transpose(1, 2).contiguous();
}

Tensor folded_weight(const torch::nn::Conv1d& conv) {
  const auto halves = conv->weight.squeeze(2).chunk(2, 1);
  return halves[0] + halves[1];
}

Tensor conv_rows(const torch::nn::Conv1d& conv, const Tensor& x) {
  return at::linear(x, conv->weight.squeeze(2), conv->bias);
}

Tensor conv_rows(const torch::nn::Conv1d& conv, const Tensor& x, const Tensor& y) {
  if (x.is_same(y)) return at::linear(x, folded_weight(conv), conv->bias);
  const auto halves = conv->weight.squeeze(2).chunk(2, 1);
  const auto rows = [](const Tensor& t) { return t.reshape({-1, t.size(-1)}); };
  const Tensor first = at::addmm(conv->bias, rows(x), halves[0].t());
  return at::addmm(first, rows(y), halves[1].t()).view({x.size(0), x.size(1), -1});
}

Tensor batch_norm_rows(const torch::nn::BatchNorm1d& norm, const Tensor& rows, Pass pass) {
  // Seen as a channels-last map (N, C, L, 1), which LibTorch normalises row by row without a transposed copy.
  const Tensor map = rows.transpose(1, 2).unsqueeze(3);
  const bool keep = pass != Pass::architecture;
  const Tensor out = at::batch_norm(map, norm->weight, norm->bias, keep ? norm->running_mean : Tensor(),
                                    keep ? norm->running_var : Tensor(), pass != Pass::eval, *norm->options.momentum(),
                                    norm->options.eps(), false);
  return out.squeeze(3).transpose(1, 2);
}

Tensor layer_norm_rows(const torch::nn::LayerNorm& norm, const Tensor& rows) {
  return at::layer_norm(rows, {rows.size(1), rows.size(2)}, norm->weight.t().contiguous(), norm->bias.t().contiguous(),
                        norm->options.eps(), false);
}

Tensor dropout_rows(const Tensor& rows, double probability, Pass pass) {
  return pass == Pass::train && probability > 0 ? at::dropout(rows, probability, true) : rows;
}

}  // namespace harmonic
