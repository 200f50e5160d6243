#pragma once

#include <string>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "core/storage/hdf5_file.hpp"

namespace harmonic::testing {

/// A data set as a tensor of its own shape: float32, or int64 where the file has integers.
torch::Tensor golden_tensor(const Hdf5File& file, const std::string& path);
/// (N, C, L) of the golden files <-> (N, L, C) of the fusion networks.
torch::Tensor turned(const torch::Tensor& state);
/// Sets every parameter and buffer from `group`/<its name>.
void load_golden(torch::nn::Module& module, const Hdf5File& file, const std::string& group);
/// Largest difference over the largest expected magnitude, the latter at least `floor` (gradients that cancel).
double relative_error(const torch::Tensor& actual, const torch::Tensor& expected, double floor = 1e-2);

}  // namespace harmonic::testing
