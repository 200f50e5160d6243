#pragma once

#include "master/run/run.hpp"

namespace harmonic {

/// What a search works through, as a plan of a run. @param inputs live longer than it
/// @throws InputError: fewer generations than are done
[[nodiscard]] std::unique_ptr<RunPlan> make_search_plan(const SearchSettings& settings, const RunInputs& inputs,
                                                        const RunPaths& paths, RunRecipe::Start start);

/// `harmonic search` as rank 0 runs it: see lead_run. Prints the front.
[[nodiscard]] ExitCode run_search(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks);

}  // namespace harmonic
