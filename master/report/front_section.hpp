#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// The models of the front in a table, with how far their validation metrics are above those of test. Empty where there
/// are none.
[[nodiscard]] std::string front_section(const RunResults& results);

}  // namespace harmonic
