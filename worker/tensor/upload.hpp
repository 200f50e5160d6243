#pragma once

#include <torch/types.h>

namespace harmonic {

/// What the host has made, on a device; the tensor itself where that is the CPU. The host does not stand still until it
/// is there, as a plain `to` would have it: it goes on, and what is computed there later finds it in place.
[[nodiscard]] torch::Tensor uploaded(const torch::Tensor& made, torch::Device device);

}  // namespace harmonic
