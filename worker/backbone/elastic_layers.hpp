#pragma once

#include <map>
#include <memory>
#include <span>
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
/// It computes in the type of its input, and what it gives has that type.
class SubnetLayer {
 public:
  explicit SubnetLayer(LayerKey key) : key_(key) {}
  virtual ~SubnetLayer() = default;

  [[nodiscard]] const LayerKey& key() const { return key_; }
  [[nodiscard]] virtual torch::Tensor forward(const torch::Tensor& x, ForwardMode& mode) const = 0;
  /// Whether its output is one of the features that a sub-network returns.
  [[nodiscard]] virtual bool is_feature() const = 0;
  /// Its batch norms in order of execution, cut to the channels in use.
  [[nodiscard]] virtual std::span<const BatchNormView> batch_norms() const { return {}; }
  /// Their names within the layer, e.g. "conv.depth_conv.bn".
  [[nodiscard]] virtual std::vector<std::string> batch_norm_names() const { return {}; }
  /// Its weights without the batch norms', named within the layer as in a published stand-alone sub-network.
  [[nodiscard]] virtual std::vector<NamedTensor> weights() const = 0;
  /// Of an MBConv block; null for other layers.
  [[nodiscard]] virtual const BlockViews* block() const { return nullptr; }
  /// Weight (out, in, 1, 1) of the convolution whose normalised output is averaged over the map; null for other layers.
  [[nodiscard]] virtual const torch::Tensor* final_expansion() const { return nullptr; }
  /// Name of the layer in a stand-alone sub-network whose blocks are counted from 0.
  /// @param block how many MBConv blocks come before it
  [[nodiscard]] virtual std::string name(int block) const = 0;

 private:
  LayerKey key_;
};

/// The layers of a sub-network in order of execution. Equal keys, equal layers.
/// @throws InputError when the genome is not of the space
[[nodiscard]] std::vector<LayerKey> layer_keys(const BackboneSpace& space, const BackboneGenome& genome, int classes);

/// Makes a layer of the supernet's tensors; differentiable with respect to them, kernel transforms included.
/// @param depthwise of an MBConv block: its depthwise kernels of all channels, (C, 1, kernel, kernel), where they are
/// at
///   hand; undefined: made for this layer alone
[[nodiscard]] std::unique_ptr<const SubnetLayer> view_layer(const Supernet& supernet, const LayerKey& key,
                                                            const torch::Tensor& depthwise = {});

/// Layers of one supernet, each made once, and depthwise kernels, each transformed once for a block and a side. Few:
/// distinct (block, K, E) of the space.
class LayerViews {
 public:
  explicit LayerViews(Supernet supernet) : supernet_(std::move(supernet)) {}
  [[nodiscard]] const Supernet& supernet() const { return supernet_; }
  [[nodiscard]] std::shared_ptr<const SubnetLayer> layer(const LayerKey& key);

 private:
  [[nodiscard]] torch::Tensor kernels(const Layer& block);

  Supernet supernet_;
  std::vector<std::shared_ptr<const SubnetLayer>> layers_;
  std::map<std::pair<int, int>, torch::Tensor> kernels_;  ///< by position and side
};

}  // namespace harmonic
