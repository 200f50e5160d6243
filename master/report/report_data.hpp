#pragma once

#include <string>
#include <vector>

#include "master/report/model_columns.hpp"
#include "master/report/run_results.hpp"
#include "master/report/shown_models.hpp"

namespace harmonic {

/// What the script of a report (report.js) knows of the run: a <script> element of JSON in which no text, however
/// hostile, ends the element or begins another:
///   {"modalities": [name, …],
///    "columns": [{"name", "label", "better": 1 higher, -1 lower, 0 neither}, …],
///    "models": [[id, 1 on the front or 0, [value of every column, null: not known], genotype, [genome a modality]],
///    …]}
/// Values have 6 digits.
[[nodiscard]] std::string report_data_html(const RunResults& results, const std::vector<ModelColumn>& columns,
                                           const ShownModels& shown);

}  // namespace harmonic
