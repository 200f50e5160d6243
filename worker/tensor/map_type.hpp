#pragma once

#include <torch/types.h>

#include "core/config/device_use.hpp"

namespace harmonic {

/// The type of the maps between layers that compute so.
[[nodiscard]] inline torch::ScalarType map_type(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::bf16 ? torch::kBFloat16 : torch::kFloat32;
}

/// In the type of another tensor.
[[nodiscard]] inline torch::Tensor typed_as(const torch::Tensor& values, const torch::Tensor& other) {
  return values.to(other.scalar_type());
}

}  // namespace harmonic
