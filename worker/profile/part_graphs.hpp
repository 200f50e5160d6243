#pragma once

#include <map>
#include <string>

#include "core/export/network_graph.hpp"
#include "core/hardware/device_model.hpp"

namespace harmonic {

/// Every row of a table as a network that runs alone: cut out of networks as an export writes them.
/// @return by key, one for each of scope.parts()
[[nodiscard]] std::map<std::string, NetworkGraph> part_graphs(const TableScope& scope);

}  // namespace harmonic
