#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/hardware/device_model.hpp"

namespace harmonic {

/// The rows of a table in an order in which each is visited once at least: network by network, as they follow each
/// other in a run, so that caches are as they are there. Every round has other networks.
/// @return [network] keys
[[nodiscard]] std::vector<std::vector<std::string>> visit_order(const TableScope& scope, std::uint64_t round);

}  // namespace harmonic
