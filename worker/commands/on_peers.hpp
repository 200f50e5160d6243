#pragma once

#include <functional>
#include <memory>

#include "core/base/error.hpp"
#include "worker/group/peers.hpp"

namespace harmonic {

/// Runs a command that all ranks share. What ends it on this rank at first hand is shown here; what rank 0 ends with is
/// shown by the program, to which it is thrown on.
/// @param patience_s how long the others may keep one rank waiting
/// @param abandon_mpi called when a rank is lost or has given up, so that MPI can no longer be finalised
ExitCode on_peers(double patience_s, const std::function<void()>& abandon_mpi,
                  const std::function<ExitCode(const std::shared_ptr<Peers>&)>& body);

}  // namespace harmonic
