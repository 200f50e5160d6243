#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/base/ids.hpp"
#include "core/space/search_space.hpp"
#include "worker/backbone/layer_tensors.hpp"

namespace harmonic {

/// A tensor with its name in the published state dictionaries, e.g. `blocks.3.conv.depth_conv.conv.5to3_matrix`.
using NamedTensor = std::pair<std::string, torch::Tensor>;

/// All weights and batch-norm buffers of a backbone: of a weight-sharing supernet, or of the fixed Maxout network. Only
/// holds them, by name and by layer: what runs are layers that view slices of them (elastic_layers.hpp). Copies share
/// their tensors.
/// Source: Once-for-All MobileNetV3 as Harmonic-NAS uses it; Maxout text network of MM-IMDB.
class Supernet {
 public:
  /// Fresh weights, the same for the same seed on any machine: convolutions N(0, 2 / fan-out), linear layers uniform
  /// in +-1/sqrt(inputs), kernel matrices the identity, batch norms 1 and 0.
  /// @throws InputError when `classes` is below 1 or the space has no layers to build
  Supernet(BackboneSpace space, int classes, Seed seed);

  [[nodiscard]] const BackboneSpace& space() const { return space_; }
  [[nodiscard]] int classes() const { return classes_; }

  /// Everything, in order of the layers.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return tensors_; }
  /// What is trained: all but running statistics.
  [[nodiscard]] std::vector<torch::Tensor> parameters() const;
  /// Running means and variances.
  [[nodiscard]] std::vector<torch::Tensor> buffers() const;
  [[nodiscard]] bool has(const std::string& name) const { return index_.contains(name); }
  /// @throws RunError when there is none of that name: a mistake of this program
  [[nodiscard]] const torch::Tensor& tensor(const std::string& name) const;

  /// The same tensors by layer.
  [[nodiscard]] const LayerTensors& layers() const { return layers_; }

  /// A copy with tensors of its own on `device`.
  [[nodiscard]] Supernet clone_to(torch::Device device) const;

 private:
  void add(std::string name, torch::Tensor value);
  void add_norm(const std::string& name, int channels);
  void build_mobilenet(Seed seed);
  void build_maxout(Seed seed);

  BackboneSpace space_;
  int classes_ = 0;
  std::vector<NamedTensor> tensors_;
  std::unordered_map<std::string, std::size_t> index_;
  LayerTensors layers_;
};

/// True for running means and variances, which are re-estimated and not trained.
[[nodiscard]] bool is_buffer(const std::string& tensor_name);

/// Names of a Maxout network's layers: "op_list.2.lin", the last one's "hid2val"; "op_list.1.0" of the batch norm
/// before.
[[nodiscard]] std::string maxout_linear_name(int index, bool last);
[[nodiscard]] std::string maxout_norm_name(int index);

/// Name of the learned matrix that makes a smaller kernel of a larger one: "7to5_matrix".
[[nodiscard]] std::string kernel_matrix_name(int from, int to);

}  // namespace harmonic
