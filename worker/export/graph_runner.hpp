#pragma once

#include <functional>
#include <map>
#include <string>
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

  [[nodiscard]] const std::vector<GraphValue>& inputs() const { return graph_.inputs; }
  [[nodiscard]] const std::vector<GraphValue>& outputs() const { return graph_.outputs; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& metadata() const { return graph_.metadata; }

  /// Sees every value that a node makes, or that goes in, by its name.
  using Observer = std::function<void(const std::string& name, const torch::Tensor& value)>;
  /// @param inputs in the order of inputs(), a batch of any size each
  /// @return the outputs, in order @throws InputError when an input is of another type or shape
  [[nodiscard]] std::vector<torch::Tensor> run(const std::vector<torch::Tensor>& inputs,
                                               const Observer& observer = {}) const;

 private:
  NetworkGraph graph_;  ///< without the constants' bytes
  std::map<std::string, torch::Tensor> constants_;
  std::vector<std::vector<std::string>> done_after_;  ///< [node] values that no later one reads
};

}  // namespace harmonic
