#pragma once

#include <string>
#include <vector>

#include "core/config/options.hpp"

namespace harmonic {

/// What was given and is allowed, but has never been of use: "lr is 10: learning rates are 1e-06 to 0.5". Learning
/// rates, decays, temperatures, shares that are dropped, strengths.
[[nodiscard]] std::vector<std::string> doubtful_values(const OptionSet& options);

}  // namespace harmonic
