#pragma once

#include <string>
#include <vector>

#include "core/config/options.hpp"
#include "core/hardware/device_model.hpp"
#include "worker/profile/whole_networks.hpp"

namespace harmonic {

/// Networks, and what they are priced by.
struct DrawnNetworks {
  ModelSizing sizing;
  std::vector<WholeNetwork> networks;
};

/// The options of a command that takes whole networks at random.
struct NetworkOptions {
  int subnets = 50, models = 20;
  std::uint64_t seed = 1;

  void declare(OptionSet& options);
  /// Of the scope's spaces, its first number of classes, and the operators that are searched by default. The same
  /// options give the same networks.
  [[nodiscard]] DrawnNetworks draw(const TableScope& scope) const;
};

}  // namespace harmonic
