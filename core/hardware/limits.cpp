#include "core/hardware/limits.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {
namespace {

std::string device_column(const Quantity& quantity, const Device& device) {
  return fmt::format("{}.{}", quantity.column, device.name);
}

/// Names of all columns, whether their quantities are known or not.
std::vector<std::string> limited_columns(const DeviceSet& devices) {
  std::vector<std::string> names;
  for (const auto& quantity : kQuantities)
    for (const auto& device : devices.devices()) names.push_back(device_column(quantity, device));
  for (const auto& quantity : kQuantities) names.emplace_back(quantity.name);
  for (const auto& size : kSizeMeasures) names.emplace_back(size.name);
  return names;
}

/// Such a column of a model; nothing where there is none of that name, or its quantity is not known everywhere that it
/// has to be.
std::optional<double> cost_column(const std::string& name, const DeviceSet& devices, const std::vector<Cost>& costs,
                                  const ModelSize& size) {
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    if (name == kQuantities[q].name) return devices.summary(q, costs);
    for (std::size_t d = 0; d < costs.size(); ++d)
      if (name == device_column(kQuantities[q], devices.devices()[d])) return costs[d][q];
  }
  for (const auto& measure : kSizeMeasures)
    if (name == measure.name) return size.*measure.value;
  return std::nullopt;
}

}  // namespace

Limits::Limits(std::vector<Bound> bounds, const DeviceSet& devices) : bounds_(std::move(bounds)) {
  const auto known = limited_columns(devices);
  std::set<std::string> seen;
  for (const auto& bound : bounds_) {
    if (std::ranges::find(known, bound.column) == known.end())
      throw InputError(fmt::format("max names {}, which no model of this run has", bound.column),
                       fmt::format("did you mean {}? There are {}", nearest(bound.column, known), join(known, ", ")));
    if (!seen.insert(bound.column).second)
      throw InputError(fmt::format("max names {} twice", bound.column), "give one bound of it");
    std::vector<std::string> lacking;
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      for (const auto& device : devices.devices())
        if ((bound.column == kQuantities[q].name || bound.column == device_column(kQuantities[q], device)) &&
            !device.table.has(q))
          lacking.push_back(fmt::format("table {} of device {} has no {} in some rows", device.table.name(),
                                        device.name, kQuantities[q].name));
    if (!lacking.empty())
      throw InputError(fmt::format("max bounds {}, but {}", bound.column, join(lacking, ", ")),
                       "give a table that has it in every row, or leave the bound out");
  }
}

std::string Limits::text() const {
  std::vector<std::string> texts;
  for (const auto& bound : bounds_) texts.push_back(bound.text());
  return join(texts, " and ");
}

double Limits::violation(const DeviceSet& devices, const std::vector<Cost>& costs, const ModelSize& size) const {
  if (!std::ranges::all_of(costs, &Cost::is_supported)) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (const auto& bound : bounds_) {
    const double beyond = cost_column(bound.column, devices, costs, size).value() - bound.limit;
    if (beyond > 0) sum += bound.limit > 0 ? beyond / bound.limit : beyond;
  }
  return sum;
}

void Limits::check_reachable(const DeviceSet& devices, const std::vector<Cost>& costs, const ModelSize& size) const {
  std::vector<std::string> asked, least;
  for (const auto& bound : bounds_) {
    const double value = cost_column(bound.column, devices, costs, size).value();
    // A sum of the same rows in another order may differ in its last digits.
    if (value <= bound.limit * (1 + 1e-12)) continue;
    asked.push_back(bound.text());
    least.push_back(fmt::format("{} is {:.6g} at least", bound.column, value));
  }
  if (asked.empty()) return;
  throw InputError(fmt::format("no model of these spaces can have {}: {}", join(asked, " or "), join(least, ", ")),
                   "give bounds above that as max in [hardware], or --max");
}

}  // namespace harmonic
