#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/data/dataset_file.hpp"
#include "core/storage/hdf5_file.hpp"

namespace harmonic {

/// The split JSON of MM-IMDB: lists of ids under train, dev (or val) and test.
struct MmimdbSplit {
  std::array<std::vector<std::string>, 3> ids;     ///< in the order of the lists
  std::unordered_map<std::string, Split> of_film;  ///< by id
};
/// @throws InputError: a list that is missing or empty, an id that is no text, an id that stands twice
[[nodiscard]] MmimdbSplit read_mmimdb_split(const std::filesystem::path& path);

/// Which split the rows of multimodal_imdb.hdf5 are in, by the file itself: its attribute `split` (Fuel's table), or,
/// of 25959 rows without one, as published. Nothing where neither is there. @throws InputError
[[nodiscard]] std::optional<std::vector<Split>> splits_of_rows(const Hdf5File& file, std::size_t rows);

/// The rows of each split, rising. By the JSON where there is one; films that it does not name are left out, and films
/// that it names and the file lacks are missing: both are warned of.
/// @throws InputError when neither says, when both do and differ, or when no film of a split is in the file
[[nodiscard]] std::array<std::vector<std::size_t>, 3> rows_of_splits(const Hdf5File& file,
                                                                     const std::vector<std::string>& ids,
                                                                     const std::optional<std::filesystem::path>& json);

}  // namespace harmonic
