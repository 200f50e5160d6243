#pragma once

#include <functional>
#include <vector>

#include "core/base/error.hpp"
#include "core/mpi/mailbox.hpp"
#include "master/run/run_hooks.hpp"
#include "master/simulate/simulate_settings.hpp"

namespace harmonic {

/// Share of the workers' time that would be work, 0 … 1, were pieces of work dealt before they begin: in batches of so
/// many, each worker its equal share of every batch, in their order; the next batch begins when the last worker has
/// ended. @param seconds of each @param batch at least 1
[[nodiscard]] double static_utilisation(const std::vector<double>& seconds, int workers, std::size_t batch);

/// `harmonic simulate` as rank 0 runs it: the real search, dispatcher, journal and checkpoint, whatever answers there
/// are behind the mailbox. Prints what it measured: {"ranks": r, "candidates": n (fusion searches, of one
/// modality evaluations), "wall_s": t (of the
/// clock that it goes by), "utilisation": u, "utilisation_while_dealing": u1 (without the end, when the last searches
/// are under way), "static_utilisation": u0, "master_ms_per_candidate": m, …}.
/// @param not_the_masters_s processor time of this thread that is not the master's own
[[nodiscard]] ExitCode run_simulation(
    const SimulateSettings& settings, Mailbox& mailbox, RunHooks hooks,
    const std::function<double()>& not_the_masters_s = [] { return 0.0; });

}  // namespace harmonic
