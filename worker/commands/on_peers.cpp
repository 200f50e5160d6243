#include "worker/commands/on_peers.hpp"

#include "core/base/log.hpp"

namespace harmonic {

ExitCode on_peers(double patience_s, const std::function<void()>& abandon_mpi,
                  const std::function<ExitCode(const std::shared_ptr<Peers>&)>& body) {
  const auto peers = std::make_shared<Peers>(patience_s);
  try {
    return body(peers);
  } catch (const std::exception& e) {
    if (peers->broken()) abandon_mpi();
    if (peers->gave_up() && peers->rank().value != 0) log::error("{}", e.what());
    throw;
  }
}

}  // namespace harmonic
