#pragma once

#include <map>
#include <string>

#include <torch/types.h>

#include "core/export/network_graph.hpp"

namespace harmonic {

/// Smallest and largest number of every value of a graph over samples that it was run on.
class ValueRanges {
 public:
  struct Range {
    float lowest = 0, highest = 0;  ///< 0 is always among them
  };

  void add(const std::string& value, const torch::Tensor& numbers);
  /// @throws RunError when the value was not seen: a mistake of this program
  [[nodiscard]] const Range& of(const std::string& value) const;

 private:
  std::map<std::string, Range> ranges_;
};

/// The graph with its convolutions and linear layers in whole numbers of 8 bits, as QuantizeLinear and DequantizeLinear
/// nodes around them: weights symmetric, -64 to 64, a scale an output channel; what goes in and what convolutions give
/// (behind their ReLU) one scale and zero point a value. Biases stay float32. Weights and biases of layer norms, a good
/// part of a model, are stored so, too, with one scale each.
/// @param ranges of all its values, over calibration samples
[[nodiscard]] NetworkGraph quantized(const NetworkGraph& graph, const ValueRanges& ranges);

}  // namespace harmonic
