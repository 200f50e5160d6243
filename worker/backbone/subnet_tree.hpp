#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <torch/types.h>

#include "worker/backbone/elastic_layers.hpp"
#include "worker/backbone/subnet.hpp"

namespace harmonic {

/// Sub-networks of one supernet that are recalibrated and run together, as a tree of their layers: what they have in
/// common is computed once. That is every layer of a shared start, since a layer's statistics depend on the layers
/// before it only; and inside a block its variants share the expansion (narrower ones take the first channels), those
/// of one kernel the depthwise convolution, and, without squeeze-and-excite, one pass of the projection. What comes out
/// does not depend on the company: grouped and alone give the same bits.
class SubnetTree {
 public:
  /// Starts from the supernet's own statistics. Keeps views of its weights: do not train it meanwhile.
  /// @throws InputError when a genome is not of the space
  SubnetTree(LayerViews& views, std::span<const BackboneGenome> genomes);
  ~SubnetTree();

  /// Re-estimates all batch norms as in the method: statistics reset, every batch run through the networks with its own
  /// statistics, cumulative average, variance unbiased. @param batches inputs on the supernet's device
  /// @param at_work called now and then
  void recalibrate(
      std::span<const torch::Tensor> batches, const std::function<void()>& at_work = [] {});
  /// (N, classes) of every genome, in the given order. Inputs are taken in chunks, which bounds the memory.
  [[nodiscard]] std::vector<torch::Tensor> logits(
      const torch::Tensor& inputs, const std::function<void()>& at_work = [] {}) const;

  /// One of the sub-networks by itself, with its statistics.
  [[nodiscard]] Subnet subnet(std::size_t genome) const;
  /// Layers in the tree: each is computed once for every batch.
  [[nodiscard]] std::size_t layers() const { return layers_; }

 private:
  struct Node;
  class Pass;

  std::unique_ptr<Node> root_;
  std::vector<std::vector<const Node*>> paths_;  ///< [genome], its layers
  std::size_t layers_ = 0;
};

}  // namespace harmonic
