#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"

namespace harmonic {

/// Of the samples of every modality, by its name: {C, H, W} or {F}.
using SampleShapes = std::map<std::string, std::vector<std::size_t>>;

/// The settings with every modality's space as its samples have it (fitted_space), for master and workers alike.
/// @throws InputError: a modality that the data lacks, or whose samples do not fit its space
[[nodiscard]] SearchSettings fitted_settings(SearchSettings settings, const DatasetFile& data);

/// The same where the shapes are all there is of the data. Modalities without one stay as they are.
/// @throws InputError: samples do not fit their space
[[nodiscard]] SearchSettings fitted_settings(SearchSettings settings, const SampleShapes& shapes);

/// Shapes of the samples of the settings' modalities. @throws InputError: a modality that the data lacks
[[nodiscard]] SampleShapes sample_shapes(const SearchSettings& settings, const DatasetFile& data);

}  // namespace harmonic
