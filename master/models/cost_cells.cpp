#include "master/models/cost_cells.hpp"

#include <fmt/format.h>

namespace harmonic {

std::vector<std::string> device_columns(const std::vector<Device>& devices) {
  std::vector<std::string> columns;
  for (const auto& quantity : kQuantities)
    for (const auto& device : devices) columns.push_back(fmt::format("{}.{}", quantity.column, device.name));
  return columns;
}

std::vector<std::optional<double>> device_cells(const std::vector<Cost>& of_devices) {
  std::vector<std::optional<double>> cells;
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    for (const auto& cost : of_devices) cells.push_back(cost[q]);
  return cells;
}

std::vector<std::string> size_columns() {
  std::vector<std::string> columns;
  for (const auto& measure : kSizeMeasures) columns.emplace_back(measure.name);
  return columns;
}

std::vector<std::string> size_cells(const ModelSize& size) {
  std::vector<std::string> cells;
  for (const auto& measure : kSizeMeasures) cells.push_back(fmt::format("{:.0f}", size.*measure.value));
  return cells;
}

}  // namespace harmonic
