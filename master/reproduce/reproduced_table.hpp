#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "master/reproduce/reproduced_cell.hpp"

namespace harmonic {

/// A published table beside what was measured of it, row by row.
struct ReproducedTable {
  std::string table;               ///< of published_table_names(), or kSupernetsTable
  std::string protocol;            ///< of kProtocols; empty: nothing was trained
  std::optional<DataOrigin> data;  ///< nothing: there was no data set
  std::vector<ReproducedCell> cells;

  [[nodiscard]] Verdict verdict(const ReproducedCell& cell) const { return judge(cell, data); }
};

/// Columns: table, row, protocol, quantity, device, unit, published, measured (mean), ci95 (half width of the mean's
/// 95 % interval over seeds), lowest, highest, seeds (measurements), published_device (of a published cost), test_low,
/// test_high (the 95 % interval that the number of test samples gives), interval_low, interval_high (both together),
/// verdict, data (DataOrigin), values (every measurement: seed=value:test_low:test_high (words)), note. A cell is empty
/// where there is nothing to say. The same results give the same bytes.
[[nodiscard]] std::string reproduced_csv(const ReproducedTable& table);

/// What reproduced_csv wrote. @throws InputError naming file, line and column
[[nodiscard]] ReproducedTable read_reproduced(const std::filesystem::path& path);

/// Reproduced runs of the same table, protocol and data as one, as if it had had all their rows and seeds.
/// @param names of the runs, for messages @throws InputError where they are not of the same, or measured otherwise
[[nodiscard]] ReproducedTable join_reproduced(const std::vector<ReproducedTable>& tables,
                                              const std::vector<std::string>& names);

}  // namespace harmonic
