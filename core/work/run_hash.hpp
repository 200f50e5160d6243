#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/config/search_settings.hpp"

namespace harmonic {

/// content_hash of every file that a run reads, by its role.
using InputHashes = std::map<std::string, std::uint64_t>;
/// Reads the files whole. @throws InputError as content_hash
[[nodiscard]] InputHashes input_hashes(const SearchSettings& settings);

/// Hash of all that determines a run's results: settings (SearchSettings::result_hash) and the content of its files.
/// What is kept with a run, so that only the same run goes on with it.
[[nodiscard]] std::uint64_t run_hash(const SearchSettings& settings, const InputHashes& inputs);

/// The same of a sample of every file (content_sample), without how many pairs train at once: what ranks tell each
/// other at the start, in no time. Files are read whole once, by the master.
[[nodiscard]] std::uint64_t run_fingerprint(const SearchSettings& settings);

}  // namespace harmonic
