#pragma once

#include <map>
#include <string>

#include "master/dispatch/worker_roster.hpp"

namespace harmonic {

/// Where the workers of a run compute, for people: a row a host and device, without a line end behind the last.
///   workers  host    ranks    device
///         3  node-a  1-3      CPU, 2 threads
///         2  node-b  4, 5     NVIDIA H200, GPU-1a2b3c4d
/// Several in a row of a GPU share it. Of very many rows the first; a worker that is not ready has none.
[[nodiscard]] std::string placement_table(const std::map<Rank, WorkerEntry>& workers);

}  // namespace harmonic
