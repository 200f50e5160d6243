#pragma once

#include <memory>
#include <vector>

#include <torch/types.h>

#include "core/space/genome.hpp"
#include "worker/backbone/supernet.hpp"

namespace harmonic::bench {

/// A sub-network as the published code extracts it: a network of its own of LibTorch's modules, with the weights copied
/// into it, which want gradients.
class PublishedSubnet {
 public:
  PublishedSubnet(const Supernet& supernet, const BackboneGenome& genome);
  ~PublishedSubnet();
  PublishedSubnet(PublishedSubnet&&) noexcept;

  /// What it returns to fusion: the first convolution, every block, the logits.
  [[nodiscard]] std::vector<torch::Tensor> forward(const torch::Tensor& inputs);
  void train(bool on);
  /// Batch norms forget; in training mode they then take the cumulative average of what they see.
  void reset_statistics();
  /// Memory format of the weights.
  void arrange(at::MemoryFormat format);

 private:
  struct Network;
  std::shared_ptr<Network> network_;
};

/// The usual way of scoring a sub-network: extracted, its batch norms reset and re-estimated by running every batch
/// through it in training mode, then run on the inputs.
/// @param format of activations and weights, contiguous being the modules' default
/// @return logits
[[nodiscard]] torch::Tensor published_logits(const Supernet& supernet, const BackboneGenome& genome,
                                             const std::vector<torch::Tensor>& calibration, const torch::Tensor& inputs,
                                             at::MemoryFormat format);

}  // namespace harmonic::bench
