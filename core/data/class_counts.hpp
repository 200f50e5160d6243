#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// Samples of each class; in a multilabel split a sample counts for each of its classes. @throws InputError as
/// DatasetFile
[[nodiscard]] std::vector<std::size_t> class_counts(const DatasetFile& data, Split split);

/// Its name, or its number where the data set names none.
[[nodiscard]] std::string class_name(const DatasetInfo& info, std::size_t index);

}  // namespace harmonic
