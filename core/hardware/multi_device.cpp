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

constexpr std::string_view kTarget = "target_";  ///< then the unit, in small letters

/// "target_ms"
std::string target_key(const Quantity& quantity) {
  return std::string(kTarget) + lower_case(std::string(quantity.unit));
}

/// Names of what may follow a device's tables.
std::vector<std::string> device_keys() {
  std::vector<std::string> keys = {"weight"};
  for (const auto& quantity : kQuantities) keys.push_back(target_key(quantity));
  return keys;
}

double above_zero(std::string_view text, const std::string& what) {
  const double value = parse_real(text, what);
  if (!(value > 0)) throw InputError(fmt::format("{} is {}", what, shortest(value)), "give a number above 0");
  return value;
}

void check_weight(const DeviceSpec& spec) {
  if (!(spec.weight > 0))
    throw InputError(fmt::format("device {} has weight {}", spec.name, spec.weight), "give a weight above 0");
}

Device load_device(const DeviceSpec& spec) {
  check_weight(spec);
  return {spec.name, LookUpTable::load({spec.tables.begin(), spec.tables.end()}), spec.weight, {}};
}

/// What a layer adds to a backbone's cost: its row, and that of its residual addition where the scope has such rows.
Cost layer_cost(const LookUpTable& table, const Layer& layer, CostScope scope) {
  Cost cost = table.at(lut_key(layer));
  if (scope == CostScope::full && layer.shortcut)
    cost += table.at(lut_key(NetworkPart{.kind = NetworkPart::Kind::residual_add,
                                         .in_channels = layer.out_channels,
                                         .side = strided(layer.resolution, layer.stride)}));
  return cost;
}

/// The smallest sub-network, or, where the device cannot run that, the fastest that it can.
BackboneGenome runnable_genome(const Device& device, const BackboneSpace& space, int head_classes, CostScope scope) {
  auto smallest = smallest_genome(space);
  if (total(backbone_cost(device.table, space, smallest, head_classes, scope)).is_supported()) return smallest;
  auto fastest = least_backbone(space, head_classes, [&](const Layer& layer) {
                   return layer_cost(device.table, layer, scope).latency_ms();
                 }).genome;
  const auto parts = backbone_cost(device.table, space, fastest, head_classes, scope);
  const auto lacking = std::ranges::find_if_not(parts, &Cost::is_supported, &CostPart::cost);
  if (lacking == parts.end()) return fastest;
  throw InputError(fmt::format("device {} can run no network of space {}: table {} says that '{}' is unsupported",
                               device.name, space.name, device.table.name(), lacking->key),
                   "name a space of what every device can run, or leave the device out");
}

/// What the smallest sub-networks of all modalities cost together.
Cost reference_cost(const Device& device, const std::vector<BackboneSpace>& spaces,
                    const std::vector<int>& head_classes, CostScope scope) {
  Cost sum;
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    const auto genome = runnable_genome(device, spaces[m], head_classes[m], scope);
    sum += total(backbone_cost(device.table, spaces[m], genome, head_classes[m], scope));
  }
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
                      fmt::format("write it as name=table.json[+more.json][,weight][,{}=10]; + joins several tables of "
                                  "one device",
                                  target_key(kQuantities[kLatency])));
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
  // The name becomes part of CSV columns (latency_ms.<device>).
  if (spec.name.find_first_of(" \t,.\"+") != std::string::npos)
    throw InputError(fmt::format("device name '{}' holds a blank or one of , . \" +", spec.name),
                     "use letters, digits, - and _");
  spec.tables = split(parts[0], '+');
  if (spec.tables.empty() || std::ranges::any_of(spec.tables, &std::string::empty)) throw malformed();
  std::set<std::string> seen;
  for (std::size_t p = 1; p < parts.size(); ++p) {
    const auto at = parts[p].find('=');
    const std::string key = at == std::string::npos ? "weight" : trim(parts[p].substr(0, at));
    const std::string value = at == std::string::npos ? parts[p] : parts[p].substr(at + 1);
    const auto keys = device_keys();
    if (std::ranges::find(keys, key) == keys.end())
      throw InputError(fmt::format("device '{}': unknown key '{}'", text, key),
                       fmt::format("did you mean {}? There are {}", nearest(key, keys), join(keys, ", ")));
    if (!seen.insert(key).second)
      throw InputError(fmt::format("device '{}' has two of {}", text, key), "give one of each");
    const double number = above_zero(value, fmt::format("{} of device {}", key, spec.name));
    if (key == "weight") spec.weight = number;
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      if (key == target_key(kQuantities[q])) spec.target[q] = number;
  }
  return spec;
}

std::string to_text(const DeviceSpec& spec) {
  std::string text = fmt::format("{}={}", spec.name, join(spec.tables, "+"));
  if (spec.weight != 1) text += fmt::format(",{}", shortest(spec.weight));
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    if (spec.target[q]) text += fmt::format(",{}={}", target_key(kQuantities[q]), shortest(*spec.target[q]));
  return text;
}

std::vector<std::string> listed_devices(const std::string& text) {
  // "foo=3" is none of the keys, but no device either: parse_device says so.
  const auto is_number = [](const std::string& value) {
    const auto first = value.find_first_not_of("+-.");
    return first != std::string::npos && value[first] >= '0' && value[first] <= '9' && !value.ends_with(".json");
  };
  const auto continues = [keys = device_keys(), is_number](const std::string& part) {
    const auto at = part.find('=');
    return at == std::string::npos || std::ranges::find(keys, trim(part.substr(0, at))) != keys.end() ||
           is_number(trim(part.substr(at + 1)));
  };
  std::vector<std::string> devices;
  for (const auto& part : split(text, ',')) {
    if (devices.empty() || !continues(part))
      devices.push_back(part);
    else
      devices.back() += "," + part;
  }
  return devices;
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
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      if (spec.target[q]) devices_.back().reference[q] = spec.target[q];
  }
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    known_[q] = devices_without(q).empty();
    check_targets(specs, q);
  }
}

void DeviceSet::check_targets(const std::vector<DeviceSpec>& specs, std::size_t quantity) const {
  if (aggregate_ == Aggregate::each) return;
  const auto has = [&](const DeviceSpec& spec) { return spec.target[quantity].has_value(); };
  const auto with = std::ranges::find_if(specs, has), without = std::ranges::find_if_not(specs, has);
  if (with == specs.end() || without == specs.end()) return;
  const auto key = target_key(kQuantities[quantity]);
  throw InputError(
      fmt::format("device {} has a {}, device {} has none: multiples of a target and of the smallest "
                  "network's cost do not add up to one objective",
                  with->name, key, without->name),
      fmt::format("give every device a {}, or none; or aggregate = {}", key, word_of(kAggregates, Aggregate::each)));
}

std::vector<Cost> DeviceSet::least_backbone_costs(int modality) const {
  const auto m = static_cast<std::size_t>(modality);
  std::vector<Cost> costs;
  for (const Device& device : devices_) {
    const auto genome = runnable_genome(device, spaces_.at(m), head_classes_.at(m), scope());
    Cost least = backbone_costs_on(device, m, genome);
    // What no layer adds, the pooling before the last ones, is the same of all networks.
    Cost of_layers;
    for (const Layer& layer : backbone_layers(spaces_[m], genome, head_classes_[m]))
      of_layers += layer_cost(device.table, layer, scope());
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      if (spaces_[m].family != BackboneSpace::Family::maxout && device.table.has(q))
        *least[q] +=
            least_backbone(spaces_[m], head_classes_[m],
                           [&](const Layer& layer) { return layer_cost(device.table, layer, scope())[q].value(); })
                .value -
            *of_layers[q];
    costs.push_back(least);
  }
  return costs;
}

std::vector<Cost> DeviceSet::least_operator_costs(const std::vector<std::string>& operators) const {
  std::vector<Cost> costs;
  for (const Device& device : devices_) {
    Cost least = Cost::unsupported();
    for (const auto& part : fusion_cost(device.table, operators, channels_, positions_))
      for (std::size_t q = 0; q < kQuantities.size(); ++q)
        least[q] = least[q] && part.cost[q] ? std::optional(std::min(*least[q], *part.cost[q])) : std::nullopt;
    costs.push_back(least);
  }
  return costs;
}

GeneChoices DeviceSet::gene_choices(int modality) const {
  const auto runs_all = [](const Device& device) {
    return std::ranges::all_of(device.table.rows(), [](const auto& row) { return row.second.is_supported(); });
  };
  if (std::ranges::all_of(devices_, runs_all)) return {};
  const auto m = static_cast<std::size_t>(modality);
  return {spaces_.at(m), [&](const Layer& layer) {
            // The classifier's row is the one that the tables have.
            return layer.kind == Layer::Kind::linear || std::ranges::all_of(devices_, [&](const Device& device) {
                     return layer_cost(device.table, layer, scope()).is_supported();
                   });
          }};
}

Cost DeviceSet::backbone_costs_on(const Device& device, std::size_t modality, const BackboneGenome& genome) const {
  return total(backbone_cost(device.table, spaces_.at(modality), genome, head_classes_.at(modality), scope()));
}

std::vector<Cost> DeviceSet::backbone_costs(int modality, const BackboneGenome& genome) const {
  const auto m = static_cast<std::size_t>(modality);
  return backbones_->of(m, genome, [&] { return costs_by_rows(m, genome); });
}

std::vector<Cost> DeviceSet::costs_by_rows(std::size_t modality, const BackboneGenome& genome) const {
  const auto& space = spaces_.at(modality);
  const auto keys = lut_keys(backbone_parts(space, genome, head_classes_.at(modality), scope()));
  std::vector<Cost> costs;
  for (const Device& device : devices_) {
    const auto& rows = device.table.rows();
    Cost sum;
    const bool whole = std::ranges::all_of(keys, [&](const auto& key) {
      const auto row = rows.find(key);
      if (row != rows.end()) sum += row->second;
      return row != rows.end();
    });
    costs.push_back(whole ? sum
                          : backbone_costs_on(device, modality, genome));  // which names the row that is not there
  }
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
  if (aggregate_ == Aggregate::worst) {
    const double heaviest = std::ranges::max(devices_, {}, &Device::weight).weight;
    double worst = 0;
    for (std::size_t d = 0; d < ratios.size(); ++d) worst = std::max(worst, devices_[d].weight / heaviest * ratios[d]);
    return worst;
  }
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
