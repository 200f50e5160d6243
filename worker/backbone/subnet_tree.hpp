#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <torch/types.h>

#include "core/config/device_use.hpp"
#include "worker/backbone/elastic_layers.hpp"
#include "worker/backbone/subnet.hpp"
#include "worker/data/sample_batches.hpp"

namespace harmonic {

/// Sub-networks of one supernet that are recalibrated and run together, as a tree of their layers: a node is a layer
/// with its weights and statistics, a path from the root is a sub-network, and what several have in common is computed
/// once. What comes out does not depend on the company: grouped and alone give the same bits.
///
/// Shared starts. A layer's output and statistics depend on the layers before it only, so sub-networks that begin with
/// the same layers share them. A batch goes through the tree depth first, and an output is let go once its children
/// have taken it: the memory is that of one path with its siblings, however many sub-networks there are. Recalibration
/// needs no more than one such traversal a batch: every norm normalises by the batch's own moments, never by the
/// average that it builds up, so no layer has to wait for another one's average.
///
/// Shared blocks. The children of a node are mostly variants of one block, which differ in kernel side K and width W.
/// A narrower variant takes the first channels of the supernet's tensors, hence:
///   1. one expansion, the widest one's, whose map, the largest of all, is never whole (ExpandedMap);
///   2. for each K one depthwise convolution, of the widest variant with that K;
///   3. one pass of the projection for all W of that K: sums over the first W channels are read off on the way. With
///      squeeze-and-excite each W has gates of its own, and so a projection of its own.
/// Batch norms and activations never make a map of their own. A norm becomes a factor and a summand a channel, applied
/// as the next operation reads the map; the moments that the factor needs were summed as the last one wrote it
/// (map_ops.hpp). So each map is written once and read once, and goes once the last layer behind it has read it.
class SubnetTree {
 public:
  /// Starts from the supernet's own statistics. Keeps views of its weights: do not train it meanwhile.
  /// @param arithmetic of its maps @throws InputError when a genome is not of the space
  SubnetTree(LayerViews& views, std::span<const BackboneGenome> genomes, Arithmetic arithmetic = Arithmetic::float32);
  /// Starts from the sub-networks' own statistics. @param subnets of one supernet, recalibrated on the same batches:
  ///   where they begin with the same layers, the first one's statistics serve all
  explicit SubnetTree(std::span<const Subnet> subnets, Arithmetic arithmetic = Arithmetic::float32);
  ~SubnetTree();

  /// Re-estimates all batch norms as in the method: statistics reset, every batch run through the networks with its own
  /// statistics, cumulative average, variance unbiased. A batch that is more than a device has room for goes through
  /// each block in parts, whose moments are joined. @param batches inputs on the supernet's device
  /// @param at_work called now and then
  void recalibrate(
      const SampleBatches& batches, const std::function<void()>& at_work = [] {});
  /// How many samples go through at once: on a device as many as it has room for now (activation_room()).
  [[nodiscard]] std::int64_t chunk(const SampleSource& inputs) const;
  /// (N, classes) of every genome, in the given order. Inputs are taken in chunks, which bounds the memory.
  [[nodiscard]] std::vector<torch::Tensor> logits(
      const SampleSource& inputs, const std::function<void()>& at_work = [] {}) const;

  /// Features and logits of every genome, in the given order; maps are views of (N, H, W, C). @param inputs one part of
  ///   a chunk (evaluation_parts())
  [[nodiscard]] std::vector<SubnetOutput> outputs(const torch::Tensor& inputs) const;

  /// One of the sub-networks by itself, with its statistics.
  [[nodiscard]] Subnet subnet(std::size_t genome) const;
  /// Layers in the tree: each is computed once for every batch.
  [[nodiscard]] std::size_t layers() const { return layers_; }

 private:
  struct Node;
  class Traversal;

  /// What a sample takes on its way, bytes.
  struct Taken {
    std::int64_t held = 0;     ///< of outputs, and by layers that see a batch whole
    std::int64_t working = 0;  ///< by those that take it in parts, one at a time
  };

  void add(const std::vector<CalibratedLayer>& layers);
  [[nodiscard]] Taken taken_behind(const Node& parent) const;
  [[nodiscard]] torch::Device device() const;
  [[nodiscard]] torch::Tensor entering(const torch::Tensor& inputs) const;

  torch::ScalarType type_;  ///< of maps
  std::unique_ptr<Node> root_;
  std::vector<std::vector<const Node*>> paths_;  ///< [genome], its layers
  std::size_t layers_ = 0;
};

}  // namespace harmonic
