#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace harmonic {

/// What the kernel tells in files of one line, of sysfs and /proc: a number; none where it cannot be read.
[[nodiscard]] std::optional<double> read_value(const std::filesystem::path& file);
/// The line, without the blanks around it; empty where it cannot be read.
[[nodiscard]] std::string read_word(const std::filesystem::path& file);
/// The entries of a folder in order of their names; none where it cannot be read.
[[nodiscard]] std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

}  // namespace harmonic
