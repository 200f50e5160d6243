#pragma once

#include "core/config/search_settings.hpp"

namespace harmonic {

/// Opens the supernets of a search, as its workers will.
/// @throws InputError naming a file that is no supernet, or one of another space or number of classes than the run's
void check_weights(const SearchSettings& settings);

}  // namespace harmonic
