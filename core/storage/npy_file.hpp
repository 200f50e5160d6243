#pragma once

#include <filesystem>
#include <vector>

namespace harmonic {

/// An array as numpy.save writes it.
struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<float> values;  ///< row-major
};

/// Reads NPY, format 1 to 3, in C order: whole numbers of 1 to 8 bytes, booleans, float32 and float64, little endian.
/// @throws InputError naming the file and what it is instead (big-endian, Fortran order, Python objects, cut short)
[[nodiscard]] NpyArray read_npy(const std::filesystem::path& path);

}  // namespace harmonic
