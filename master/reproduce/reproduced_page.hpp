#pragma once

#include <filesystem>
#include <string>

#include "master/reproduce/reproduced_table.hpp"

namespace harmonic {

/// One page that opens offline: how many cells came out how, and row by row published beside measured.
[[nodiscard]] std::string reproduced_html(const ReproducedTable& table);

/// Writes reproduced.csv and reproduced.html into a folder. @throws RunError when the disk refuses
void write_reproduced(const std::filesystem::path& folder, const ReproducedTable& table);

}  // namespace harmonic
