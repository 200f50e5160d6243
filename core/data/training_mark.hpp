#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// What a supernet file says of the data that it was trained on.
struct TrainingMark {
  std::string file;  ///< its name, without folders
  std::string hash;  ///< of DatasetFile::training_hash, 16 digits
};

/// "digits.h5 (training data 0123456789abcdef: made by …)", as a file's provenance holds it.
[[nodiscard]] std::string training_mark(const DatasetFile& data);
/// The mark in a provenance; nothing where there is none: the weights were imported.
[[nodiscard]] std::optional<TrainingMark> find_training_mark(std::string_view provenance);

}  // namespace harmonic
