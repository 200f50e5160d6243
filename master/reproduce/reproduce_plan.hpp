#pragma once

#include "master/reproduce/reproduce_settings.hpp"
#include "master/run/run.hpp"

namespace harmonic {

/// `harmonic reproduce` as rank 0 runs it: see lead_run. Leaves reproduced.csv beside the files of a search, with the
/// weights of every model, and prints published beside measured.
[[nodiscard]] ExitCode run_reproduction(const ReproduceSettings& settings, Mailbox& mailbox, const RunHooks& hooks);

}  // namespace harmonic
