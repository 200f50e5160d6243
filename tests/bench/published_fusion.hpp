#pragma once

#include <memory>
#include <vector>

#include <torch/types.h>

#include "worker/fusion/mixed_network.hpp"

namespace harmonic::bench {

/// The mixed network as the published code has it: plain LibTorch modules on (N, C, L), both inputs of a mixed operator
/// joined before every convolution, every edge multiplied out, `none` included. Parameters are named as MixedNetwork's.
class PublishedNetwork final : public torch::nn::Module {
 public:
  explicit PublishedNetwork(const FusionLayout& layout);
  ~PublishedNetwork() override;
  /// @param maps unpooled feature maps (N, C_i, H, W) @return logits (N, classes)
  torch::Tensor forward(const std::vector<torch::Tensor>& maps, const Architecture& weights);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace harmonic::bench
