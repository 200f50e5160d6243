#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/config/options.hpp"
#include "worker/group/peers.hpp"

namespace harmonic {

/// Runs a command that all ranks share. What ends it on this rank at first hand is shown here; what rank 0 ends with is
/// shown by the program, to which it is thrown on.
/// @param options read together from `args`: a rank may see other files than the rest
/// @param abandon_mpi called when a rank is lost or has given up, so that MPI can no longer be finalised
/// @param body not called when help was asked for
ExitCode on_peers(OptionSet& options, const std::vector<std::string>& args, const std::function<void()>& abandon_mpi,
                  const std::function<ExitCode(const std::shared_ptr<Peers>&)>& body);

}  // namespace harmonic
