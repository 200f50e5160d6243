#pragma once

#include <memory>
#include <vector>

#include <torch/types.h>

#include "worker/backbone/elastic_layers.hpp"

namespace harmonic {

/// What a sub-network returns: first conv, first block, every active block (Maxout: every block), then the logits.
struct SubnetOutput {
  std::vector<torch::Tensor> features;  ///< (N, C, H, W), or (N, F) of Maxout; without the logits
  torch::Tensor logits;                 ///< (N, classes)
};

using LayerStatistics = std::shared_ptr<const std::vector<BatchNormStatistics>>;

/// A layer with its re-estimated statistics. Sub-networks that share a prefix share these.
struct CalibratedLayer {
  std::shared_ptr<const SubnetLayer> layer;
  LayerStatistics statistics;  ///< null: the supernet's own

  bool operator==(const CalibratedLayer&) const = default;
  [[nodiscard]] torch::Tensor forward(const torch::Tensor& x) const;
};

/// One sub-network for evaluation. Copies are cheap: weights are views, layers and statistics shared.
class Subnet {
 public:
  explicit Subnet(std::vector<CalibratedLayer> layers) : layers_(std::move(layers)) {}
  /// With the supernet's own running statistics. @throws InputError when the genome is not of its space
  Subnet(const Supernet& supernet, const BackboneGenome& genome);

  [[nodiscard]] const std::vector<CalibratedLayer>& layers() const { return layers_; }
  [[nodiscard]] SubnetOutput forward(const torch::Tensor& inputs) const;
  /// Every tensor of the stand-alone sub-network under its published name (blocks counted through, nothing wrapped
  /// twice), statistics included; kernels already transformed. Tensors may be views of the supernet's.
  [[nodiscard]] std::vector<NamedTensor> state() const;

 private:
  std::vector<CalibratedLayer> layers_;
};

/// The same for training: runs a genome's layers in a given mode, with gradients down to the supernet's tensors.
/// @throws InputError when the genome is not of the space
[[nodiscard]] SubnetOutput forward(const Supernet& supernet, const BackboneGenome& genome, const torch::Tensor& inputs,
                                   ForwardMode& mode);

}  // namespace harmonic
