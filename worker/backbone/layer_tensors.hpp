#pragma once

#include <vector>

#include <torch/types.h>

namespace harmonic {

class Supernet;

/// A batch norm's tensors, of all channels or views of the first ones.
struct BatchNormView {
  torch::Tensor weight, bias, mean, variance;  ///< (C)

  [[nodiscard]] BatchNormView first(std::int64_t channels) const;
};

/// A convolution with the batch norm behind it.
struct ConvTensors {
  torch::Tensor weight;
  BatchNormView norm;
};

/// Depthwise kernels of every side, of which only the largest are held: a smaller one is the centre of the next larger,
/// flattened, times the learned matrix of its size.
struct ElasticKernels {
  torch::Tensor largest;                ///< (C, 1, side, side)
  std::vector<int> sides;               ///< descending
  std::vector<torch::Tensor> matrices;  ///< [i]: makes a kernel of sides[i + 1] of one of sides[i]
};

/// An MBConv block in all its width. Undefined: what the block lacks.
struct BlockTensors {
  ConvTensors expand;  ///< none in the fixed first block
  ElasticKernels depthwise;
  BatchNormView depthwise_norm;
  torch::Tensor reduce, reduce_bias, excite, excite_bias;  ///< squeeze-and-excite
  ConvTensors project;
  /// In a space that has fused blocks: the dense convolution of the largest side, (C, in, side, side), of which a
  /// smaller one is the centre, and the projection behind it.
  ConvTensors fused, fused_project;
};

/// One layer of a Maxout network.
struct MaxoutTensors {
  BatchNormView norm;  ///< of its input; none in the first
  torch::Tensor weight, bias;
};

/// A supernet's tensors by layer, so that what runs looks nothing up by name. They share their memory with those that
/// have names.
struct LayerTensors {
  ConvTensors first, final_expand;
  torch::Tensor feature_mix, classifier, classifier_bias;
  std::vector<BlockTensors> blocks;   ///< [position + 1], the fixed one first; empty where the space has no block
  std::vector<MaxoutTensors> maxout;  ///< of a Maxout network, which has none of the above
};

/// Finds the tensors by their published names.
[[nodiscard]] LayerTensors bind_layers(const Supernet& supernet);

/// (channels, 1, side, side); differentiable with respect to the largest and the matrices.
[[nodiscard]] torch::Tensor depthwise_kernel(const ElasticKernels& kernels, std::int64_t channels, int side);

/// The first `length` slices along a dimension: the tensor itself when it has no more.
[[nodiscard]] torch::Tensor first_slices(const torch::Tensor& tensor, std::int64_t dimension, std::int64_t length);

}  // namespace harmonic
