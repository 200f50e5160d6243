#pragma once

#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "worker/fusion/state.hpp"

namespace harmonic {

/// The end of a fusion network: some states joined on channels, layer norm, ReLU, flatten, linear classifier; to its
/// logits those of the backbones are added, a learned scale each: fusion has to learn what they do not know.
class FusionHead final : public torch::nn::Module {
 public:
  /// @param backbones whose logits are added; 0: none, as published
  FusionHead(int states, int classes, const StateShape& shape, int backbones = 0);
  /// @param states (N, L, C) each @param backbone_logits [backbone] (N, classes) @return logits (N, classes)
  torch::Tensor forward(const std::vector<torch::Tensor>& states,
                        const std::vector<torch::Tensor>& backbone_logits = {});

  torch::nn::LayerNorm ln;       ///< (states * C, L)
  torch::nn::Linear classifier;  ///< input index: channel * L + position; where backbones' logits are added it starts
                                 ///< at 0, so that the network starts as their sum
  torch::Tensor scales;          ///< (backbones), of their logits; undefined without

 private:
  std::int64_t lanes_;
};

}  // namespace harmonic
