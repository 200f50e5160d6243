#include "worker/commands/on_peers.hpp"

#include "core/base/log.hpp"

namespace harmonic {

ExitCode on_peers(OptionSet& options, const std::vector<std::string>& args, const std::function<void()>& abandon_mpi,
                  const std::function<ExitCode(const std::shared_ptr<Peers>&)>& body) {
  const auto peers = std::make_shared<Peers>();
  try {
    auto parsed = OptionSet::Parsed::help_printed;
    peers->together([&] { parsed = options.parse(args); });
    return parsed == OptionSet::Parsed::help_printed ? ExitCode::done : body(peers);
  } catch (const std::exception& e) {
    if (peers->broken()) abandon_mpi();
    if (peers->gave_up() && peers->rank().value != 0) log::error("{}", e.what());
    throw;
  }
}

}  // namespace harmonic
