#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace harmonic {

/// A sweep's rows are believed when a file beside the CSV holds their checksums: one a line, in any order, so that it
/// grows as the CSV does, and a checksum whose row was lost does no harm.
[[nodiscard]] std::filesystem::path checksums_file(const std::filesystem::path& csv);

/// Of what a row says that a network scores, its two cells; all else in the row is computed anew.
[[nodiscard]] std::string row_checksum(std::string_view genome, std::string_view metric);

/// @throws InputError when the file cannot be read
[[nodiscard]] std::set<std::string> read_checksums(const std::filesystem::path& path);

}  // namespace harmonic
