#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace harmonic {

/// Everything in a data set file that a training or a search would refuse, or learn badly from: structure, labels,
/// values that are not finite, pictures that are not square, a mean and std of another scale than the samples. Reads
/// the whole file, a few MiB at a time. Each says where and how to mend it.
/// @throws InputError when it is no HDF5 file, or no data set at all
[[nodiscard]] std::vector<std::string> dataset_problems(const std::filesystem::path& path);

}  // namespace harmonic
