#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/export/network_graph.hpp"

namespace harmonic {

/// The graph as the bytes of an ONNX model: opset kOnnxOpset, the batch of every input and output dynamic.
/// @param batch a fixed one instead, which runtimes of small devices want
/// @throws InputError when it is larger than the form can hold (2 GiB)
[[nodiscard]] std::string to_onnx(const NetworkGraph& graph, std::optional<int> batch = {});

/// Inverse of to_onnx. @throws InputError when the bytes are no ONNX model, or one that to_onnx does not write
[[nodiscard]] NetworkGraph from_onnx(std::string_view bytes);

}  // namespace harmonic
