#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "master/reproduce/reproduced_table.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {

/// A cell's numbers as people read them: as the table prints its own.
struct CellText {
  std::string quantity;   ///< "latency ms tx2"
  std::string published;  ///< "-": the table has none
  std::string measured;   ///< mean over the seeds; "-": not known
  std::string seeds;      ///< "+/-" of the mean's 95 % interval; "-": measured once
  std::string test;       ///< "98.6-99.9": the interval that the number of test samples gives
  std::string verdict;
};
[[nodiscard]] CellText cell_text(const ReproducedTable& table, const ReproducedCell& cell);

/// What the table is of, the data set and the protocol, in a sentence.
[[nodiscard]] std::string reproduced_title(const ReproducedTable& table);
/// The remarks of a row's cells, each once.
[[nodiscard]] std::vector<std::string> row_remarks(const ReproducedTable& table, int row);
/// What the columns and verdicts mean, a line each.
[[nodiscard]] std::string legend_text(const ReproducedTable& table);
/// How many cells have a verdict; those that nothing is published beside do not count.
struct VerdictCount {
  Verdict verdict;
  std::string word;
  std::ptrdiff_t count;
};
/// Of every verdict that some cell has, in the order of kVerdicts.
[[nodiscard]] std::vector<VerdictCount> verdict_counts(const ReproducedTable& table);

/// The whole for a terminal: title, table, remarks, and what the columns and verdicts mean.
[[nodiscard]] std::string reproduced_text(const ReproducedTable& table);

/// "cells": [{"row", "quantity", "device", "unit", "published", "measured", "ci95", "test_interval", "interval",
/// "seeds", "verdict", "note"}], with "table", "protocol" and "data", and "reproduced" and "page", the files; what is
/// not known is null.
[[nodiscard]] nlohmann::ordered_json reproduced_json(const ReproducedTable& table, const RunPaths& paths);

}  // namespace harmonic
