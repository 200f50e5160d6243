#pragma once

#include "core/work/work.hpp"

namespace harmonic {

/// Expected cost of a piece of work beside others of its kind; no unit.
[[nodiscard]] double expected_cost(const Work& work);

}  // namespace harmonic
