#pragma once

#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include "worker/fusion/state.hpp"

namespace harmonic {

/// The end of a fusion network: some states joined on channels, layer norm, ReLU, flatten, linear classifier.
class FusionHead final : public torch::nn::Module {
 public:
  FusionHead(int states, int classes, const StateShape& shape);
  /// @param states (N, L, C) each @return logits (N, classes)
  torch::Tensor forward(const std::vector<torch::Tensor>& states);

  torch::nn::LayerNorm ln;       ///< (states * C, L)
  torch::nn::Linear classifier;  ///< input index: channel * L + position

 private:
  std::int64_t lanes_;
};

}  // namespace harmonic
