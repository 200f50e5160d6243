#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/base/rng.hpp"

namespace harmonic {

/// 0 … count-1 in an order drawn from the stream: (count) int64 on the CPU. The same for the same key, anywhere.
[[nodiscard]] torch::Tensor permutation(std::int64_t count, RandomStream& random);

}  // namespace harmonic
