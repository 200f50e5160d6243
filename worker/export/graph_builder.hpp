#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/export/network_graph.hpp"

namespace harmonic {

/// The tensors of a trained network by name.
using TensorMap = std::map<std::string, torch::Tensor>;

/// One of them. @throws InputError naming it when it is not there
[[nodiscard]] const torch::Tensor& tensor_of(const TensorMap& tensors, const std::string& name);

/// A convolution or linear layer with what a batch norm beside it does: no norm is left.
struct FoldedLayer {
  torch::Tensor weight, bias;
};
/// Folds the batch norm `norm` ("first_conv.bn") that comes behind a layer. Computed in double precision.
/// @param weight (out, …) @param bias (out), or undefined
[[nodiscard]] FoldedLayer fold_norm_behind(const torch::Tensor& weight, const torch::Tensor& bias,
                                           const TensorMap& tensors, const std::string& norm);
/// Folds the batch norm in front of a linear layer. @param weight (out, in) @param bias (out)
[[nodiscard]] FoldedLayer fold_norm_before(const torch::Tensor& weight, const torch::Tensor& bias,
                                           const TensorMap& tensors, const std::string& norm);

/// Puts a graph together, operation by operation. A value is known by its name, which is that of the node that makes
/// it.
class GraphBuilder {
 public:
  using Value = std::string;

  explicit GraphBuilder(std::string name) { graph_.name = std::move(name); }

  Value input(const std::string& name, NumberType type, const std::vector<std::int64_t>& sample_shape);
  /// @return the constant's name, `name` or, where that is taken, one made of it
  Value constant(const std::string& name, const torch::Tensor& tensor);
  /// A node of one output. @return that
  Value add(const std::string& op, const std::string& name, std::vector<Value> inputs, GraphAttributes attributes = {});
  std::vector<Value> add_many(const std::string& op, const std::string& name, std::vector<Value> inputs, int outputs,
                              GraphAttributes attributes = {});
  /// `value`, which a node makes, is what the network gives, under this name.
  void output(const Value& value, const std::string& name, const std::vector<std::int64_t>& sample_shape);
  void note(const std::string& name, const std::string& text) { graph_.metadata.emplace_back(name, text); }

  // Layers that several networks have. Maps are (N, C, H, W).

  /// @param groups as many as channels: depthwise
  Value conv(const std::string& name, const Value& x, const FoldedLayer& layer, int stride = 1, int groups = 1);
  /// (N, in) -> (N, out)
  Value linear(const std::string& name, const Value& x, const FoldedLayer& layer);
  /// To shape, in which 0 keeps a size and -1 is what is left.
  Value reshape(const std::string& name, const Value& x, const std::vector<std::int64_t>& shape);
  /// Adaptive max-pool of maps of `size` x `size` to `side` x `side`, exact for every size. ONNX has no such operator.
  Value adaptive_max_pool(const std::string& name, const Value& x, int size, int side);

  [[nodiscard]] NetworkGraph graph() && { return std::move(graph_); }

 private:
  [[nodiscard]] std::string unused(const std::string& name);

  NetworkGraph graph_;
  std::set<std::string> names_;
};

}  // namespace harmonic
