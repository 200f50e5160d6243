#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/hardware/model_size.hpp"
#include "core/hardware/multi_device.hpp"

namespace harmonic {

// What every CSV says of costs, quantity by quantity and device by device, and of sizes.

/// "latency_ms.<device>"…, "energy_mj.<device>"…
[[nodiscard]] std::vector<std::string> device_columns(const std::vector<Device>& devices);
/// Their cells; nothing where a table has none.
[[nodiscard]] std::vector<std::optional<double>> device_cells(const std::vector<Cost>& of_devices);

/// "parameters", "macs"
[[nodiscard]] std::vector<std::string> size_columns();
[[nodiscard]] std::vector<std::string> size_cells(const ModelSize& size);

}  // namespace harmonic
