#pragma once

#include <memory>

#include "core/config/search_settings.hpp"
#include "core/work/work.hpp"
#include "worker/group/placement.hpp"

namespace harmonic {

/// The evaluator of a search that really computes: supernets, fusion search, retraining. Opens data,
/// weights and tables at once. Make it on the thread that computes.
/// The same work and settings give the same answer, bit for bit, on any rank of a CPU run.
/// @param place chooses the GPU where one is used
/// @throws InputError when data, weights, tables and settings do not fit each other
[[nodiscard]] std::unique_ptr<Evaluator> make_search_evaluator(const SearchSettings& settings, LocalPlace place);

}  // namespace harmonic
