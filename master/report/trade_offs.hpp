#pragma once

#include <string>

#include "master/report/run_results.hpp"
#include "master/report/shown_models.hpp"

namespace harmonic {

/// Validation metric against what models cost on every device, and over the devices, and against sizes that the run
/// minimises; a mark a model, with its id in data-model. After it the place where the page's script draws any two
/// columns, and all at once. Needs a candidate at least.
[[nodiscard]] std::string trade_offs(const RunResults& results, const ShownModels& shown);

}  // namespace harmonic
