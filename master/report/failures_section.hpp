#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// Workers that the run is without, and what could not be done: which, where, why. Empty where nothing failed.
[[nodiscard]] std::string failures_section(const RunResults& results);

}  // namespace harmonic
