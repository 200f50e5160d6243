#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/export/network_graph.hpp"

namespace harmonic {

/// Runs an exported graph with LibTorch, operation by operation, by ONNX's definitions of them. It shares no code with
/// the layers that the graph was made of: what both say can be compared.
class GraphRunner {
 public:
  /// @throws InputError naming an operation that it does not know, or a value that nothing makes
  explicit GraphRunner(const NetworkGraph& graph);

  [[nodiscard]] const std::vector<GraphValue>& inputs() const;
  [[nodiscard]] const std::vector<GraphValue>& outputs() const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& metadata() const;

  /// The same network elsewhere, its float32 numbers in another precision. It takes inputs of that precision.
  [[nodiscard]] GraphRunner to(torch::Device device, torch::ScalarType precision) const;

  /// Sees every value that a node makes, or that goes in, by its name.
  using Observer = std::function<void(const std::string& name, const torch::Tensor& value)>;
  /// @param inputs in the order of inputs(), a batch of any size each
  /// @return the outputs, in order @throws InputError when an input is of another type or shape
  [[nodiscard]] std::vector<torch::Tensor> run(const std::vector<torch::Tensor>& inputs,
                                               const Observer& observer = {}) const;

 private:
  struct Plan;
  explicit GraphRunner(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}

  std::shared_ptr<const Plan> plan_;
};

}  // namespace harmonic
