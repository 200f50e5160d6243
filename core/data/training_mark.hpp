#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// What a supernet file says of the data that it was trained on.
struct TrainingMark {
  std::string file;  ///< its name, without folders
  std::string hash;  ///< training_hash_text
};

/// DatasetFile::training_hash as people and files hold it: 16 digits, base 16.
[[nodiscard]] std::string training_hash_text(const DatasetFile& data);
/// "digits.h5 (training data 0123456789abcdef: made by …)", as a file's provenance holds it.
[[nodiscard]] std::string training_mark(const DatasetFile& data);
/// The mark in a provenance; nothing where there is none: the weights were imported.
[[nodiscard]] std::optional<TrainingMark> find_training_mark(std::string_view provenance);

struct ModalityWeights {
  std::string file;  ///< of a supernet
  std::string modality;
};
/// Backbones say little of data that their supernet has not seen: warns where its mark names others than `data`, whose
/// DatasetFile::training_hash is `hash`. Silent where there is no mark, and of a file that holds no supernet.
void warn_of_other_data(const ModalityWeights& weights, const std::string& data, std::uint64_t hash);

}  // namespace harmonic
