#pragma once

#include "master/run/run.hpp"

namespace harmonic {

/// `harmonic search` as rank 0 runs it: see lead_run. Prints the front.
[[nodiscard]] ExitCode run_search(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks);

}  // namespace harmonic
