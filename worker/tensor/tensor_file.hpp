#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/storage/hdf5_file.hpp"

namespace harmonic {

/// A tensor as a data set of its shape: int64 as it is, every other type as float32. It may lie on any device.
/// @throws RunError
void write_tensor(Hdf5File& file, const std::string& dataset, const torch::Tensor& tensor);
/// The data set on the CPU: int64 where it holds whole numbers, else float32. @throws InputError
[[nodiscard]] torch::Tensor read_tensor(const Hdf5File& file, const std::string& dataset);

/// As Hdf5File::shape.
[[nodiscard]] std::vector<std::size_t> shape_of(const torch::Tensor& tensor);

}  // namespace harmonic
