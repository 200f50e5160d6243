#pragma once

#include <optional>
#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

// What pages say of a model; where a number is not known, a dash.

[[nodiscard]] std::string optional_text(const std::optional<double>& value, int decimals, const char* unit = "");
/// "97.30 ± 0.41" @param standard_error points
[[nodiscard]] std::string percent_text(const std::optional<double>& percent,
                                       const std::optional<double>& standard_error);
/// ms, mJ or multiples of a reference cost, to three decimals.
[[nodiscard]] std::string cost_text(const std::optional<double>& value);
/// A size, in millions.
[[nodiscard]] std::string millions(const std::optional<double>& value);

/// All that is known of a model in a few lines, for who points at its mark.
[[nodiscard]] std::string model_tooltip(const ReportedModel& model, const RunResults& results);

}  // namespace harmonic
