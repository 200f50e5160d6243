#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/config/search_settings.hpp"

namespace harmonic {

/// A file that a run's results depend on. What it holds counts, not where it lies: a run that goes on may find it
/// elsewhere.
struct InputFile {
  std::string role;  ///< "data", "test data" (of the same file), "weights of image", "table of tx2"; "table 2 of tx2"
                     ///< where there are several
  std::filesystem::path path;
};
/// The data set (twice: its test split counts by itself), the supernets' weights and the devices' tables, in the order
/// of the settings; none of what they do not name. Opens none.
[[nodiscard]] std::vector<InputFile> input_files(const SearchSettings& settings);

/// Hash of what a file holds: of data the training and validation samples, of test data those of the test split, of
/// others every byte. Reads it whole: that nobody swaps a split is all that is learnt of it.
/// @throws InputError when it is missing or cannot be read
[[nodiscard]] std::uint64_t content_hash(const InputFile& file);

/// Hash of every byte of a file of up to 64 MiB, which who asks reads whole anyway. Of a larger one, of its size and a
/// few blocks out of it: takes no time, wherever the file lies, and tells it from another file, if not from one with a
/// few bytes changed. @throws InputError as above
[[nodiscard]] std::uint64_t content_sample(const InputFile& file);

}  // namespace harmonic
