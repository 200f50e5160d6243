#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// What the best choice for one device alone would cost on the others. Empty where there is one device, or no model
/// that all know. Needs a candidate at least.
[[nodiscard]] std::string device_comparison(const RunResults& results);

}  // namespace harmonic
