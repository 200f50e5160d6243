#pragma once

#include <cstdint>

#include <torch/types.h>

namespace harmonic {

/// Hash of a tensor's values, wherever it lies. @param seed of what was hashed before it
[[nodiscard]] std::uint64_t tensor_hash(const torch::Tensor& tensor, std::uint64_t seed = 0);

}  // namespace harmonic
