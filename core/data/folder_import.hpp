#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/data/dataset_file.hpp"
#include "core/data/importer.hpp"
#include "core/data/sample_dealing.hpp"

namespace harmonic {

struct FolderImport {
  std::filesystem::path in;             ///< a folder (list_folder) or a CSV (list_manifest)
  std::vector<std::string> modalities;  ///< specs (SampleDecoder); empty: every modality there is, as usual
  std::string group;                    ///< column of a CSV; "": `group` where there is one
  SplitShares shares;
  Seed seed{1};
  bool skip_unreadable = false;                    ///< leave samples out of which a file is missing or unreadable
  std::size_t held_bytes = std::size_t{1} << 30U;  ///< of pictures in memory, at most; others are read a second time
};

/// One's own data; pictures as streams. Classes are in the order of their names. What is missing or unreadable is
/// logged, twenty lines at most. Mean and std are train's, of every channel (of every value of a vector).
/// @throws InputError
[[nodiscard]] DatasetContent read_own_data(
    const FolderImport& import, const SamplesRead& tell = [](std::size_t, std::size_t) {});

/// The same as a source of `harmonic data import`.
[[nodiscard]] std::unique_ptr<Importer> make_folder_importer();

}  // namespace harmonic
