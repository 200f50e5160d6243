#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/storage/csv.hpp"
#include "master/models/hypervolume_file.hpp"

namespace harmonic {

// What counts of a table that this program wrote.

/// What candidates.csv and front.csv of a run, and the CSV of a sweep, call a metric: it is maximised without a word.
[[nodiscard]] bool is_own_metric(const CsvTable& table, std::string_view name);

/// The columns that count where no run says: its metric, and what it costs, as one number over the devices where there
/// is one. None of another table.
[[nodiscard]] std::vector<std::string> own_columns(const CsvTable& table);

/// What the run in the table's folder measures its hypervolumes in. @throws InputError as HypervolumeFile::read
[[nodiscard]] std::optional<HypervolumeAxes> axes_of_run(const CsvTable& table);

}  // namespace harmonic
