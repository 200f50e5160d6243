#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace harmonic {

/// What running something once (batch 1) costs on a device, as tables, CSVs, JSON and reports name it. A new one is a
/// row here, and where it is computed: DeviceModel::cost.
struct Quantity {
  std::string_view name;       ///< "latency": of the objective, and of its column in CSVs
  std::string_view unit;       ///< "ms"
  std::string_view column;     ///< "latency_ms": in tables and JSON; in CSVs a device's is latency_ms.<device>
  std::string_view published;  ///< "lat": in the published tables
};

/// Every row of a table has the first; the others may be absent, where they could not be measured.
inline constexpr std::array kQuantities = {
    Quantity{"latency", "ms", "latency_ms", "lat"},
    Quantity{"energy", "mJ", "energy_mj", "enrg"},
};
inline constexpr std::size_t kLatency = 0, kEnergy = 1;  ///< indices of kQuantities

/// A value for each of kQuantities, in their order.
template <class T>
using PerQuantity = std::array<T, kQuantities.size()>;
template <class T>
[[nodiscard]] constexpr PerQuantity<T> every_quantity(const T& value) {
  PerQuantity<T> all{};
  all.fill(value);
  return all;
}

}  // namespace harmonic
