#pragma once

#include <functional>
#include <memory>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"
#include "core/mpi/mailbox.hpp"
#include "master/run_hooks.hpp"
#include "master/run_plan.hpp"

namespace harmonic {

/// A whole run as rank 0 leads it: asks the plan, deals its work, journals the answers and tells them. `done` when it
/// ended by itself, `stopped` after a signal or the time limit, with all that was finished on disk. Prints the plan's
/// result, or with `json` one JSON object, on stdout. However it ends, workers have been sent home. A run that is
/// refused (InputError) before any work was done leaves its directory as it was.
/// @param make called once the workers can be sent home, so that they are when it throws
/// @throws InputError, RunError
[[nodiscard]] ExitCode lead_run(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks,
                                const std::function<std::unique_ptr<RunPlan>()>& make);

}  // namespace harmonic
