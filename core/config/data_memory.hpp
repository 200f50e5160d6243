#pragma once

#include "core/config/options.hpp"

namespace harmonic {

/// Of a data set in memory, by default, MiB: AV-MNIST and Harm-P take about a hundred; MM-IMDB, 3,700 of pictures,
/// comes from the file.
inline constexpr int kDataMemoryMib = 1024;

/// The option --data-memory, which changes no result. @param mib its target
void declare_data_memory(OptionSet& options, int& mib);

}  // namespace harmonic
