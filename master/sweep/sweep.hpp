#pragma once

#include "core/base/error.hpp"
#include "core/mpi/mailbox.hpp"
#include "core/work/sweep_subject.hpp"
#include "master/run/run_hooks.hpp"
#include "master/sweep/sweep_options.hpp"

namespace harmonic {

/// Leads a sweep: deals groups of networks to the workers and appends their scores to OUT as they come. A worker that
/// is lost costs a retry; a network that cannot be scored is named in the log and has no row, the others are kept.
/// Prints its summary. Of `hooks`, idle, stop and abandon are called.
/// @return done; failed when networks could not be scored; stopped when asked to, with the finished rows in OUT
/// @throws InputError; RunError when OUT cannot be written, no worker is left, or no network
///   at all could be scored
[[nodiscard]] ExitCode run_sweep(const SweepOptions& options, const SweepSource& source, Mailbox& mailbox,
                                 const RunHooks& hooks);

}  // namespace harmonic
