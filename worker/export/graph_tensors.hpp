#pragma once

#include <string>

#include <torch/types.h>

#include "core/export/network_graph.hpp"

namespace harmonic {

[[nodiscard]] torch::ScalarType scalar_type(NumberType type);

/// The tensor's numbers as they are: float32, float16, uint8, int8, int32 or int64.
[[nodiscard]] GraphConstant to_constant(std::string name, const torch::Tensor& tensor);
/// Inverse of to_constant, on the CPU. @throws InputError when bytes and shape do not belong together
[[nodiscard]] torch::Tensor to_tensor(const GraphConstant& constant);

}  // namespace harmonic
