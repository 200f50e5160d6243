#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// A sample of raw data: where its files lie and what is said of it. Nothing of it is read yet.
struct RawSample {
  std::optional<Split> split;       ///< none: to be dealt
  std::vector<std::string> labels;  ///< names of classes: one, or any number where the data are multilabel
  std::string id, group;            ///< `group`: never to be in two splits, "" where nothing says so
  std::map<std::string, std::filesystem::path> files;  ///< by modality
  std::size_t place = 0;                               ///< free for who lists them
};

struct RawSamples {
  std::vector<RawSample> samples;
  std::vector<std::string> modalities;  ///< alphabetical
  bool is_multilabel = false;
};

/// IN/<split>/<class>/<sample>.<modality>.<ext>, or IN/<class>/… where the splits are to be dealt. Splits are train,
/// val (valid, validation, dev) and test. <sample>.<ext> is of the modality image, audio or array, by its extension.
/// @param wanted modalities; empty: all there are
/// @throws InputError naming the folder or file that does not fit
[[nodiscard]] RawSamples list_folder(const std::filesystem::path& folder, const std::vector<std::string>& wanted);

/// A CSV of the columns label (several classes parted by |), a path a modality (from the CSV's folder on), and, where
/// they are, split, id and the group's. Further columns that name no media are passed over.
/// @param group the column that says which samples belong together: a speaker, a patient
/// @throws InputError naming line and column
[[nodiscard]] RawSamples list_manifest(const std::filesystem::path& csv, const std::vector<std::string>& wanted,
                                       const std::string& group);

}  // namespace harmonic
