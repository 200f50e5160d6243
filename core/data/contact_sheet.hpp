#pragma once

#include <filesystem>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// Draws the first 64 train samples of every modality, eight a row, the modalities side by side in alphabetical order:
/// pictures as they are, other maps from their lowest value (black) to their highest, the first channel of more than
/// three; vectors and series as curves. As a PNG, replaced as a whole. @throws InputError, RunError
void write_contact_sheet(const std::filesystem::path& path, const DatasetFile& data);

/// Whether a file may be such a sheet: a PNG of its height, and of the width of one modality or more.
[[nodiscard]] bool is_contact_sheet(const std::filesystem::path& path);

}  // namespace harmonic
