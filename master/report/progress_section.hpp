#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// How the best model and the hypervolume grew: over generations, models scored and time. Needs a candidate at least.
[[nodiscard]] std::string progress_section(const RunResults& results);

}  // namespace harmonic
