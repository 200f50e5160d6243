#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "core/space/search_space.hpp"
#include "core/work/answer_check.hpp"
#include "master/search/search.hpp"

namespace harmonic {

/// Replaces the checkpoint as a whole or not at all: HDF5, and behind it a checksum over all its bytes. The one before
/// is kept as previous_version, unless it is damaged. @throws RunError
void save_checkpoint(const std::filesystem::path& path, const SearchState& state, std::uint64_t settings_hash,
                     std::size_t modalities);

/// The state inside, or inside the previous checkpoint where that one is damaged, of another version or of other
/// settings, or holds a model that cannot be (`answers`), with a warning. Nothing when neither can be used: the journal
/// still holds every result. Nothing when there is no file. Changes none.
[[nodiscard]] std::optional<SearchState> load_checkpoint(const std::filesystem::path& path, std::uint64_t settings_hash,
                                                         const std::vector<BackboneSpace>& spaces,
                                                         const AnswerCheck& answers = AnswerCheck{});

}  // namespace harmonic
