#pragma once

#include <cstdint>

#include "worker/backbone/elastic_layers.hpp"

namespace harmonic {

/// What one sample takes in one layer as LibTorch's own operations run it (map_ops.hpp), bytes.
struct ActivationBytes {
  std::int64_t output = 0;   ///< until what is behind the layer has read it
  std::int64_t working = 0;  ///< beside it and the layer's input, while the layer runs
};

/// Bounds from above. @param element_bytes of a value of its maps: 4, or 2 of bf16
[[nodiscard]] ActivationBytes activation_bytes(const SubnetLayer& layer, std::int64_t element_bytes);

}  // namespace harmonic
