#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// The settings in force, a fold for each section of config.cfg.
[[nodiscard]] std::string settings_section(const RunResults& results);

}  // namespace harmonic
