#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// What a report shows beside a run's tables.
struct ReportParts {
  std::string models = {};       ///< model_cards_html
  std::string evaluations = {};  ///< evaluations_html
  bool goes_on = false;          ///< the run: the page says so, and loads itself again once a minute
};

/// The report as one HTML page that needs nothing beside it: trade-offs, the front and its models, how the devices
/// differ, progress, workers, failures, provenance and settings. All of it is there without its script, but for plots
/// of any two columns and of all at once; with it marks show their models, by clicks and keys. Below 4 MB for 20,000
/// candidates: the rule is ShownModels.
[[nodiscard]] std::string report_html(const RunResults& results, const std::string& title,
                                      const ReportParts& parts = {});

/// Writes report.html of a run directory, from the run's files alone, and says where it is. Reads and writes no HDF5,
/// so that a thread may do it while the run goes on.
/// @param goes_on whether the run does; nothing: as its status and its lock say
/// @throws InputError as load_run_results, RunError when it cannot be written
std::filesystem::path write_report(const std::filesystem::path& run_directory, std::optional<bool> goes_on = {});

}  // namespace harmonic
