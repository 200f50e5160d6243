#pragma once

#include "core/config/search_settings.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// The largest that the settings let a search find: the largest backbones, the most cells and nodes.
[[nodiscard]] MultimodalGenome largest_model(const SearchSettings& settings);

}  // namespace harmonic
