#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// What workers did with their time, and what each kind of work took, in energy, too, where that was measured. Empty of
/// a run that kept no timeline.
[[nodiscard]] std::string workers_section(const RunResults& results);

}  // namespace harmonic
