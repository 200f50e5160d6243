#pragma once

#include <filesystem>
#include <string_view>

namespace harmonic {

/// Puts text behind what a file of results holds; the file is made where there is none. Not atomic: who reads it later
/// takes a torn last line for none. @throws RunError when the disk refuses
void append_file(const std::filesystem::path& path, std::string_view text);

/// What such a file holds without a torn last line. No row has a line end inside.
[[nodiscard]] std::string_view whole_lines(std::string_view text);

}  // namespace harmonic
