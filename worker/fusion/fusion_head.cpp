#include "worker/fusion/fusion_head.hpp"

#include <torch/torch.h>

namespace harmonic {

FusionHead::FusionHead(int states, int classes, const StateShape& shape)
    : ln(torch::nn::LayerNormOptions({shape.lanes * states * shape.channels, shape.positions})),
      classifier(states * shape.channels * shape.positions, shape.lanes * classes),
      lanes_(shape.lanes) {
  register_module("ln", ln);
  register_module("classifier", classifier);
}

torch::Tensor FusionHead::forward(const std::vector<torch::Tensor>& states) {
  const torch::Tensor joined = at::cat(states, 2);  // (N, L, states * C)
  const torch::Tensor rows = layer_norm_rows(ln, joined, lanes_).relu_().flatten(1);
  // The classifier counts channels before positions: its small weight is turned, not the batch.
  const torch::Tensor weight = classifier->weight.view({-1, joined.size(2), joined.size(1)}).transpose(1, 2).flatten(1);
  return linear_rows(rows, weight, classifier->bias, lanes_);
}

}  // namespace harmonic
