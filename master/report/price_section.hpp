#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// What one architecture for all devices costs each of them beside its own best at no less metric, in latency and in
/// energy, of all models that the run scored (price_list). Empty where there is one device. Needs a candidate at least.
[[nodiscard]] std::string price_section(const RunResults& results);

}  // namespace harmonic
