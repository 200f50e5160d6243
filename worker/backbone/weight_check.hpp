#pragma once

#include <string>

#include <torch/types.h>

namespace harmonic {

/// Of a tensor of a supernet that was read from `file`.
/// @throws InputError naming it when it holds values that are not finite, or variances below 0
void check_weights(const std::string& name, const torch::Tensor& tensor, const std::string& file);

}  // namespace harmonic
