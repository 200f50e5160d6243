#include "worker/fusion/fusion_head.hpp"

#include <torch/nn/modules/normalization.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace harmonic {

FusionHead::FusionHead(int states, int classes, const StateShape& shape, int backbones)
    : ln(torch::nn::LayerNormOptions({shape.lanes * states * shape.channels, shape.positions})),
      classifier(states * shape.channels * shape.positions, shape.lanes * classes),
      lanes_(shape.lanes) {
  register_module("ln", ln);
  register_module("classifier", classifier);
  if (backbones == 0) return;
  const torch::NoGradGuard no_grad;
  classifier->weight.zero_();
  classifier->bias.zero_();
  scales = register_parameter("scales", torch::ones(shape.lanes * backbones));
}

torch::Tensor FusionHead::forward(const std::vector<torch::Tensor>& states,
                                  const std::vector<torch::Tensor>& backbone_logits) {
  const torch::Tensor joined = at::cat(states, 2);  // (N, L, states * C)
  const torch::Tensor rows = layer_norm_rows(ln, joined, lanes_).relu_().flatten(1);
  // The classifier counts channels before positions: its small weight is turned, not the batch.
  const torch::Tensor weight = classifier->weight.view({-1, joined.size(2), joined.size(1)}).transpose(1, 2).flatten(1);
  torch::Tensor logits = linear_rows(rows, weight, classifier->bias, lanes_);
  if (!scales.defined()) return logits;
  if (!logits.is_cpu()) {  // all of them in one product
    const torch::Tensor said = at::stack(backbone_logits).view({scales.size(0) / lanes_, lanes_, -1}).transpose(0, 1);
    return at::baddbmm(logits.view({lanes_, 1, -1}), scales.view({lanes_, 1, -1}), said).view(logits.sizes());
  }
  const torch::Tensor own = scales.view({lanes_, -1});
  for (std::size_t b = 0; b < backbone_logits.size(); ++b) {
    const torch::Tensor scale = own.select(1, static_cast<std::int64_t>(b)).view({lanes_, 1, 1});
    logits = logits + (backbone_logits[b].view({lanes_, -1, logits.size(1)}) * scale).view(logits.sizes());
  }
  return logits;
}

}  // namespace harmonic
