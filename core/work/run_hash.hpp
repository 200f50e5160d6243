#pragma once

#include <cstdint>

#include "core/config/search_settings.hpp"

namespace harmonic {

/// Hash of all that determines a run's results: settings (SearchSettings::result_hash), training and validation data,
/// supernet weights, look-up tables, by content. Reads those files, so the master alone asks for it.
/// @throws InputError naming a file that is missing or cannot be read
[[nodiscard]] std::uint64_t run_hash(const SearchSettings& settings);

/// The same without reading: settings and the sizes of those files. Every rank of a run has the same, or is refused.
/// @throws InputError naming a file that is missing
[[nodiscard]] std::uint64_t run_fingerprint(const SearchSettings& settings);

}  // namespace harmonic
