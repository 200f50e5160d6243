#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// Where a data set file holds what.
[[nodiscard]] std::string samples_path(std::string_view modality, Split split);  ///< "/modality/image/train"
[[nodiscard]] std::string labels_path(Split split);                              ///< "/label/train"
[[nodiscard]] std::string ids_path(Split split);                                 ///< "/id/train"

/// What a data set file holds by its attributes, shapes, types and labels; samples are not read.
/// @param problems gets everything that does not fit, each with how to mend it; what is given back is then what does
///   fit. Without it the first one is thrown.
/// @throws InputError naming the file, what is missing or does not fit, and how to mend it
[[nodiscard]] DatasetInfo read_structure(const Hdf5File& file, std::vector<std::string>* problems = nullptr);

/// The labels of a classification split as indices of class_names, where they are texts, else as they are.
/// @throws InputError
[[nodiscard]] std::vector<std::int64_t> read_class_labels(const Hdf5File& file, const DatasetInfo& info, Split split);

}  // namespace harmonic
