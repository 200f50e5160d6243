#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/space/genome.hpp"
#include "core/space/layers.hpp"
#include "worker/backbone/forward_mode.hpp"
#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// What identifies a layer within its supernet: two sub-networks whose first layers have equal keys compute the same
/// there. Maxout's layers, which no look-up table knows, are told apart by `maxout` alone.
struct LayerKey {
  Layer layer;
  int maxout = -1;  ///< index of a Maxout network's layer; -1 in a MobileNetV3

  bool operator==(const LayerKey&) const = default;
};

/// Weights of an MBConv block, cut to what is in use; undefined where the block has no such part.
struct BlockViews {
  torch::Tensor expand, depthwise, project;
  torch::Tensor reduce, reduce_bias, excite, excite_bias;

  /// Squeeze-and-excite: factors (N, C) for the map whose channel averages, (N, C), are given.
  [[nodiscard]] torch::Tensor gate(const torch::Tensor& averages) const;
};

/// One layer of a sub-network, ready to run: its weights are views of the supernet's, except for transformed kernels.
class SubnetLayer {
 public:
  explicit SubnetLayer(LayerKey key) : key_(key) {}
  virtual ~SubnetLayer() = default;

  [[nodiscard]] const LayerKey& key() const { return key_; }
  [[nodiscard]] virtual torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const = 0;
  /// Whether its output is one of the features that a sub-network returns.
  [[nodiscard]] virtual bool is_feature() const = 0;
  /// Its batch norms in order of execution.
  [[nodiscard]] virtual std::vector<BatchNormView> batch_norms() const { return {}; }
  /// Its weights without the batch norms', named within the layer as in a published stand-alone sub-network.
  [[nodiscard]] virtual std::vector<NamedTensor> weights() const = 0;
  /// Of an MBConv block; null for other layers.
  [[nodiscard]] virtual const BlockViews* block() const { return nullptr; }
  /// The 1x1 convolution whose normalised output is averaged over the map.
  [[nodiscard]] virtual bool is_final_expansion() const { return false; }
  /// Name of the layer in a stand-alone sub-network whose blocks are counted from 0.
  /// @param block how many MBConv blocks come before it
  [[nodiscard]] virtual std::string name(int block) const = 0;

 private:
  LayerKey key_;
};

/// The layers of a sub-network in order of execution. Equal keys, equal layers.
/// @throws InputError when the genome is not of the space
[[nodiscard]] std::vector<LayerKey> layer_keys(const BackboneSpace& space, const BackboneGenome& genome, int classes);

/// Depthwise kernels of one supernet, of all channels, each transformed once for a block and a side.
class DepthwiseKernels {
 public:
  /// (C, 1, kernel, kernel) @param block, kernel as of depthwise_kernel
  [[nodiscard]] torch::Tensor of(const Supernet& supernet, const std::string& block, int kernel);

 private:
  std::map<std::pair<std::string, int>, torch::Tensor> found_;
};

/// Makes a layer of the supernet's tensors; differentiable with respect to them, kernel transforms included.
/// @param kernels where transformed kernels are looked for and kept; null: transformed for this layer alone
[[nodiscard]] std::unique_ptr<const SubnetLayer> view_layer(const Supernet& supernet, const LayerKey& key,
                                                            DepthwiseKernels* kernels = nullptr);

/// Layers of one supernet, each made once. Few: distinct (block, K, E) of the space.
class LayerViews {
 public:
  explicit LayerViews(Supernet supernet) : supernet_(std::move(supernet)) {}
  [[nodiscard]] const Supernet& supernet() const { return supernet_; }
  [[nodiscard]] std::shared_ptr<const SubnetLayer> layer(const LayerKey& key);

 private:
  Supernet supernet_;
  std::vector<std::shared_ptr<const SubnetLayer>> layers_;
  DepthwiseKernels kernels_;
};

/// A depthwise kernel of side `kernel` out of the largest one: (C, 1, kernel, kernel), by repeatedly taking the centre
/// and multiplying it, flattened, by the learned matrix of that size.
/// @param block name of the depthwise conv's module, e.g. "blocks.1.conv.depth_conv.conv"
[[nodiscard]] torch::Tensor depthwise_kernel(const Supernet& supernet, const std::string& block, int channels,
                                             int kernel);

}  // namespace harmonic
