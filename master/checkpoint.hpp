#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/space/search_space.hpp"
#include "master/search.hpp"

namespace harmonic {

/// What each version of the checkpoint added. Append before `end`; never renumber.
enum class CheckpointVersion : std::int64_t {
  first = 1,
  test_and_architecture,  ///< metric_test and architecture parameters of every model
  end,
  current = end - 1
};

/// Replaces the checkpoint (HDF5) as a whole or not at all. @throws RunError
void save_checkpoint(const std::filesystem::path& path, const SearchState& state, std::uint64_t settings_hash,
                     std::size_t modalities);

/// The state inside. Nothing, with a warning, when the file is damaged, newer than this program or of other settings:
/// the journal still holds every result. Nothing when there is no file.
[[nodiscard]] std::optional<SearchState> load_checkpoint(const std::filesystem::path& path, std::uint64_t settings_hash,
                                                         const std::vector<BackboneSpace>& spaces);

}  // namespace harmonic
