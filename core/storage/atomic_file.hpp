#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

namespace harmonic {

/// Replaces `path` as a whole or not at all: `write` fills a temporary file beside it, which is flushed to disk and
/// then renamed over `path`. When `write` throws, the temporary file is removed and `path` is as before.
/// @throws RunError when the disk refuses; whatever `write` throws.
void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// The same for a text that is at hand.
void replace_file(const std::filesystem::path& path, std::string_view text);

/// Lets `kept` be what lies at `path` now, also when that is replaced later: as a hard link where the file system has
/// them. Nothing where nothing lies there. @throws RunError when the disk refuses
void keep_as(const std::filesystem::path& path, const std::filesystem::path& kept);

/// Where the version before that at `path` is kept, of files that keep one: beside it.
[[nodiscard]] std::filesystem::path previous_version(const std::filesystem::path& path);

/// Makes the folder `path` as a whole or not at all, like replace_file: `write` fills a temporary one. A folder with
/// anything in it that is there already stays as it is, and what was written goes: the first one counts.
/// @return whether it was placed. @throws RunError when the disk refuses; whatever `write` throws.
bool place_folder(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// Removes temporary files and folders on the way to `path` whose writers died; those of the living stay. Both
/// functions above do so.
void remove_leftovers(const std::filesystem::path& path) noexcept;

/// A name in the same folder for what is on the way to `path`; another one at every call, on any machine and in any
/// container.
[[nodiscard]] std::filesystem::path temporary_beside(const std::filesystem::path& path);

/// What such a name is on the way to; nothing where it is none such.
[[nodiscard]] std::optional<std::filesystem::path> destination_of(const std::filesystem::path& temporary);

/// The whole file. @throws InputError when it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace harmonic
