#pragma once

#include <filesystem>
#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// The report as one HTML page that needs nothing beside it: trade-offs on every device, the front, progress over
/// generations, how the devices differ, settings and protocol.
/// @param more sections, as HTML, before the failures
[[nodiscard]] std::string report_html(const RunResults& results, const std::string& title,
                                      const std::string& more = {});

/// Writes report.html of a run directory, from its candidates.csv, front.csv and config.cfg, and of
/// the evaluations of its models, and says where it is.
/// @throws InputError as load_run_results, RunError when it cannot be written
std::filesystem::path write_report(const std::filesystem::path& run_directory);

}  // namespace harmonic
