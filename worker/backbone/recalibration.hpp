#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <torch/types.h>

#include "worker/backbone/subnet.hpp"

namespace harmonic {

/// Re-estimates batch-norm statistics of sub-networks on given batches, as in the method: statistics reset, every batch
/// run through the network with its own statistics, cumulative average, variance unbiased. Done layer by layer, since a
/// layer's statistics depend on the layers before it only: what neighbours in a list have in common is computed once.
/// Keeps views of the supernet's weights: do not train it meanwhile.
class Recalibrator {
 public:
  /// @param batches inputs, on the supernet's device, each of two samples or more
  /// @throws InputError when there is no batch, or one is too small for a variance
  Recalibrator(const Supernet& supernet, std::vector<torch::Tensor> batches);

  /// One a genome, in the given order; fastest in the order of prefix_order(). Grouped and one by one give the same
  /// bits. @throws InputError when a genome is not of the space
  [[nodiscard]] std::vector<Subnet> recalibrate(std::span<const BackboneGenome> genomes) const;

 private:
  [[nodiscard]] std::shared_ptr<const SubnetLayer> layer(const LayerKey& key) const;

  Supernet supernet_;
  std::vector<torch::Tensor> batches_;
  /// Layers made so far, so that every kernel transform is done once. Few: distinct (block, K, E) of the space.
  mutable std::vector<std::shared_ptr<const SubnetLayer>> layers_;
};

/// Indices of the genomes in an order that puts those with long common prefixes next to each other.
[[nodiscard]] std::vector<std::size_t> prefix_order(std::span<const BackboneGenome> genomes);

/// Splits samples into batches of about `batch` for recalibration, after a fixed shuffle: data sets are often sorted by
/// class. Sizes differ by one at most; all samples are used.
[[nodiscard]] std::vector<torch::Tensor> calibration_batches(const torch::Tensor& samples, int batch);

/// Logits of every sub-network on the same inputs, in the given order; shared prefixes computed once. Inputs are taken
/// in chunks that bound the memory that kept activations need.
[[nodiscard]] std::vector<torch::Tensor> evaluate_by_prefix(std::span<const Subnet> subnets,
                                                            const torch::Tensor& inputs);

/// Samples that go through a network at once, so that activations stay within a few hundred MiB.
[[nodiscard]] std::int64_t evaluation_chunk(const torch::Tensor& inputs);

}  // namespace harmonic
