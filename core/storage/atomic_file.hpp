#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

namespace harmonic {

/// Replaces `path` as a whole or not at all: `write` fills a temporary file beside it, which is flushed to disk and
/// then renamed over `path`. When `write` throws, the temporary file is removed and `path` is as before.
/// @throws RunError when the disk refuses; whatever `write` throws.
void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// The same for a text that is at hand.
void replace_file(const std::filesystem::path& path, std::string_view text);

/// The temporary file that this process fills on the way to `path`, in the same folder.
[[nodiscard]] std::filesystem::path temporary_beside(const std::filesystem::path& path);

/// The whole file. @throws InputError when it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace harmonic
