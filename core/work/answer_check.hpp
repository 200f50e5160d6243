#pragma once

#include <string>

#include "core/work/work.hpp"

namespace harmonic {

/// Why this cannot be the answer to the work: another kind, a wrong number of scores, a metric outside 0 … 100 percent,
/// a genotype of another macro-architecture, with an operator that does not exist or a state that is not there. Empty
/// when it can. A Failure answers everything. Asked of what a worker sends, and of what a journal holds.
[[nodiscard]] std::string why_nonsense(const Work& work, const Outcome& outcome);

}  // namespace harmonic
