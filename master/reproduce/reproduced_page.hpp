#pragma once

#include <filesystem>
#include <string>

#include "master/reproduce/reproduced_table.hpp"

namespace harmonic {

/// One page that opens offline: how many cells came out how, and row by row published beside measured.
[[nodiscard]] std::string reproduced_html(const ReproducedTable& table);

/// Writes reproduced.html and then reproduced.csv into a folder: without the page there is no table. @throws RunError
/// when the disk refuses
void write_reproduced(const std::filesystem::path& folder, const ReproducedTable& table);

}  // namespace harmonic
