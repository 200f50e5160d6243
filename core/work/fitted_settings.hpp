#pragma once

#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"

namespace harmonic {

/// The settings with every modality's space as its samples have it (fitted_space), for master and workers alike.
/// @throws InputError: a modality that the data lacks, or whose samples do not fit its space
[[nodiscard]] SearchSettings fitted_settings(SearchSettings settings, const DatasetFile& data);

}  // namespace harmonic
