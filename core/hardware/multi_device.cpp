#include "core/hardware/multi_device.hpp"

#include <algorithm>
#include <ranges>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/network_parts.hpp"

namespace harmonic {
namespace {

Device load_device(const DeviceSpec& spec) {
  if (!(spec.weight > 0))
    throw InputError(fmt::format("device {} has weight {}", spec.name, spec.weight), "give a weight above 0");
  return {spec.name, LookUpTable::load({spec.tables.begin(), spec.tables.end()}), spec.weight, {}};
}

/// What the smallest sub-networks of all modalities cost together.
Cost reference_cost(const Device& device, const std::vector<BackboneSpace>& spaces,
                    const std::vector<int>& head_classes, CostScope scope) {
  Cost sum;
  for (std::size_t m = 0; m < spaces.size(); ++m)
    sum += total(backbone_cost(device.table, spaces[m], smallest_genome(spaces[m]), head_classes[m], scope));
  const auto is_nothing = [&](std::size_t q) { return sum[q] && !(*sum[q] > 0); };
  if (std::ranges::any_of(std::views::iota(std::size_t{0}, kQuantities.size()), is_nothing))
    throw InputError(
        fmt::format("device {}: the smallest networks cost nothing in table {}", device.name, device.table.name()),
        "costs are measured against them: give rows above 0");
  return sum;
}

}  // namespace

DeviceSpec parse_device(std::string_view text) {
  const auto malformed = [&] {
    return InputError(fmt::format("cannot read device '{}'", text),
                      "write it as name=table.json[+more.json][,weight]; + joins several tables of one device");
  };
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) throw malformed();
  DeviceSpec spec;
  spec.name = trim(text.substr(0, equals));
  const auto parts = split(text.substr(equals + 1), ',');
  if (spec.name.empty() || parts.empty()) throw malformed();
  std::vector<std::string> tables, others;
  for (const auto& part : parts) (part.ends_with(".json") ? tables : others).push_back(part);
  if (tables.size() > 1) {
    others.insert(others.begin(), join(tables, "+"));
    throw InputError(fmt::format("device '{}' lists tables with commas", text),
                     fmt::format("+ joins the tables of one device, and a comma comes before its weight: {}={}",
                                 spec.name, join(others, ",")));
  }
  if (parts.size() > 2) throw malformed();
  // The name becomes part of CSV columns (latency_ms.<device>).
  if (spec.name.find_first_of(" \t,.\"+") != std::string::npos)
    throw InputError(fmt::format("device name '{}' holds a blank or one of , . \" +", spec.name),
                     "use letters, digits, - and _");
  spec.tables = split(parts[0], '+');
  if (spec.tables.empty() || std::ranges::any_of(spec.tables, &std::string::empty)) throw malformed();
  if (parts.size() == 2) spec.weight = parse_real(parts[1], fmt::format("weight of device {}", spec.name));
  if (!(spec.weight > 0))
    throw InputError(fmt::format("device {} has weight {}", spec.name, spec.weight), "give a weight above 0");
  return spec;
}

std::string to_text(const DeviceSpec& spec) {
  return fmt::format("{}={}{}", spec.name, join(spec.tables, "+"),
                     spec.weight == 1 ? "" : fmt::format(",{}", shortest(spec.weight)));
}

DeviceSet::DeviceSet(const std::vector<DeviceSpec>& specs, Aggregate aggregate,
                     const std::vector<BackboneSpace>& spaces, const std::vector<int>& head_classes, int channels,
                     int positions, std::optional<ModelSizing> full)
    : aggregate_(aggregate),
      spaces_(spaces),
      head_classes_(head_classes),
      channels_(channels),
      positions_(positions),
      full_(std::move(full)) {
  if (specs.empty()) throw InputError("no device is given", "add --device name=table.json");
  if (spaces.size() != head_classes.size())
    throw InputError(fmt::format("{} search spaces, {} classifier rows", spaces.size(), head_classes.size()),
                     "give one row a modality");
  std::set<std::string> names;
  for (const auto& spec : specs) {
    if (!names.insert(spec.name).second)
      throw InputError(fmt::format("device '{}' is given twice", spec.name), "name every device once");
    devices_.push_back(load_device(spec));
    devices_.back().reference = reference_cost(devices_.back(), spaces_, head_classes_, scope());
  }
  for (std::size_t q = 0; q < kQuantities.size(); ++q) known_[q] = devices_without(q).empty();
}

std::vector<Cost> DeviceSet::backbone_costs(int modality, const BackboneGenome& genome) const {
  const auto m = static_cast<std::size_t>(modality);
  std::vector<Cost> costs;
  for (const Device& device : devices_)
    costs.push_back(total(backbone_cost(device.table, spaces_.at(m), genome, head_classes_.at(m), scope())));
  return costs;
}

std::vector<Cost> DeviceSet::model_costs(const MultimodalGenome& genome,
                                         const std::vector<std::string>& operators) const {
  std::vector<Cost> costs;
  for (const Device& device : devices_)
    costs.push_back(total(fusion_cost(device.table, operators, channels_, positions_)));
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    const auto backbone = backbone_costs(static_cast<int>(m), genome.backbones.at(m));
    for (std::size_t d = 0; d < costs.size(); ++d) costs[d] += backbone[d];
  }
  return costs;
}

std::vector<Cost> DeviceSet::model_costs(const MultimodalGenome& genome, const Genotype& genotype) const {
  if (!full_) return model_costs(genome, operators_of(genotype));
  const auto fusion = fusion_parts(*full_, genome, genotype);
  auto costs = model_costs(genome, std::vector<std::string>());
  for (std::size_t d = 0; d < costs.size(); ++d) costs[d] += total(parts_cost(devices_[d].table, fusion));
  return costs;
}

std::vector<double> DeviceSet::normalised(std::size_t quantity, const std::vector<Cost>& costs) const {
  std::vector<double> ratios;
  for (std::size_t d = 0; known_[quantity] && d < devices_.size(); ++d)
    ratios.push_back(costs.at(d)[quantity].value() / devices_[d].reference[quantity].value());
  return ratios;
}

double DeviceSet::aggregated(const std::vector<double>& ratios) const {
  if (aggregate_ == Aggregate::worst) return std::ranges::max(ratios);
  double sum = 0;
  double weights = 0;
  for (std::size_t d = 0; d < ratios.size(); ++d) {
    sum += devices_[d].weight * ratios[d];
    weights += devices_[d].weight;
  }
  return sum / weights;
}

std::optional<double> DeviceSet::summary(std::size_t quantity, const std::vector<Cost>& costs) const {
  if (!known_[quantity]) return std::nullopt;
  return aggregated(normalised(quantity, costs));
}

std::vector<std::string> DeviceSet::devices_without(std::size_t quantity) const {
  std::vector<std::string> names;
  for (const Device& device : devices_)
    if (!device.table.has(quantity)) names.push_back(device.name);
  return names;
}

std::vector<double> DeviceSet::objectives(std::size_t quantity, const std::vector<Cost>& costs) const {
  if (!known_[quantity]) return {};
  auto ratios = normalised(quantity, costs);
  return aggregate_ == Aggregate::each ? ratios : std::vector{aggregated(ratios)};
}

std::vector<std::string> DeviceSet::objective_names(std::size_t quantity) const {
  if (!known_[quantity]) return {};
  const std::string name(kQuantities[quantity].name);
  if (aggregate_ != Aggregate::each) return {name};
  std::vector<std::string> names;
  for (const Device& device : devices_) names.push_back(name + "." + device.name);
  return names;
}

std::vector<ObjectiveColumn> DeviceSet::objective_columns(std::size_t quantity) const {
  if (!known_[quantity]) return {};
  if (aggregate_ != Aggregate::each) return {{std::string(kQuantities[quantity].name), 1}};
  std::vector<ObjectiveColumn> columns;
  for (const Device& device : devices_)
    columns.push_back({fmt::format("{}.{}", kQuantities[quantity].column, device.name), *device.reference[quantity]});
  return columns;
}

}  // namespace harmonic
