#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "master/report/run_results.hpp"

namespace harmonic {

/// A number that models of a run have, as a reader may choose it for an axis.
struct ModelColumn {
  enum class Better { lower, higher, neither };
  std::string name;   ///< as candidates.csv has it: "latency_ms.tx2"
  std::string label;  ///< with its unit, for people: "latency on tx2 (ms)"
  Better better = Better::neither;
  std::function<std::optional<double>(const ReportedModel&)> value;
};

/// All that at least one candidate of the run has, the validation metric first. Sizes are in millions.
[[nodiscard]] std::vector<ModelColumn> model_columns(const RunResults& results);

}  // namespace harmonic
