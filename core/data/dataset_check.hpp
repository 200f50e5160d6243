#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace harmonic {

/// Everything in a data set file that a training or a search would refuse, or learn badly from: structure, labels,
/// classes without samples in a split, values that are not finite, modalities that are the same in every sample,
/// pictures that are not square, a mean and std of another scale than the samples. Reads the whole file, a few MiB at a
/// time. Each says where and how to mend it.
/// @throws InputError when it is no HDF5 file, or no data set at all
[[nodiscard]] std::vector<std::string> dataset_problems(const std::filesystem::path& path);

/// What a data set file without problems should not hold, but published ones do: samples and ids in two splits, names
/// of classes that look like one. Reads the whole file, a few MiB at a time.
/// @throws InputError as DatasetFile
[[nodiscard]] std::vector<std::string> dataset_warnings(const std::filesystem::path& path);

/// Whether an HDF5 file is meant as a data set, right or wrong. @throws InputError when it is no HDF5 file
[[nodiscard]] bool is_dataset(const std::filesystem::path& path);

/// Why samples of this shape fit no search space, and how to mend it: "samples of shape (32, 32, 3) are not square …;
/// channels come first: …". Nothing of vectors and square maps.
[[nodiscard]] std::optional<std::string> shape_problem(const std::vector<std::size_t>& shape);

/// Names that are one but for case or blanks: "classes 'no' and 'No ' …". Nothing where there are none.
[[nodiscard]] std::optional<std::string> names_problem(const std::vector<std::string>& class_names);

}  // namespace harmonic
