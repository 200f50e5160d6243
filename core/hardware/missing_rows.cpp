#include "core/hardware/missing_rows.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/device_model.hpp"
#include "core/hardware/network_parts.hpp"
#include "core/storage/output_file.hpp"

namespace harmonic {
namespace {

using Words = std::vector<std::string>;

/// A table that lacks rows.
struct Lacking {
  const LookUpTable& table;
  std::vector<std::string> keys;
  std::string out;  ///< for the missing ones, or for all, where they are to be measured
};

bool lacks_any(const Lacking& lacking, const std::vector<std::string>& keys) {
  return std::ranges::any_of(
      keys, [&](const auto& key) { return std::ranges::find(lacking.keys, key) != lacking.keys.end(); });
}

/// Of networks that have fusion operators.
std::vector<std::string> fusion_keys(const PricedNetworks& networks) {
  if (networks.operators.empty()) return {};
  return lut_keys(fusion_scope_parts(networks.spaces,
                                     {.operators = networks.operators,
                                      .channels = networks.channels,
                                      .positions = networks.positions,
                                      .joined = networks.joined,
                                      .classes = {networks.classes > 0 ? networks.classes : networks.head_classes}},
                                     networks.cost));
}

std::string problem_of(const Lacking& lacking) {
  auto first = lacking.table.lacks(lacking.keys.front(), "").problem();
  if (lacking.keys.size() == 1) return first;
  return fmt::format("{}, and {} more rows", first, lacking.keys.size() - 1);
}

void extend(Words& words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
}

/// `harmonic lut model …` for the rows of a modelled table.
std::string modelling_line(const Lacking& lacking, const PricedNetworks& networks, const std::string& model) {
  const auto& published = published_spaces();
  Words spaces;
  bool of_data = false, of_config = false;
  const bool is_full = networks.cost == CostScope::full, lacks_fusion = lacks_any(lacking, fusion_keys(networks));
  for (const auto& space : networks.spaces) {
    if (!(is_full && lacks_fusion) && !lacks_any(lacking, space_keys(space, networks.head_classes, networks.cost)))
      continue;
    const auto known = std::ranges::find(published, space.name, &BackboneSpace::name);
    if (known == published.end()) of_config = true;
    if (known != published.end() && *known != space) of_data = true;
    if (std::ranges::find(spaces, space.name) == spaces.end()) extend(spaces, {"--space", space.name});
  }
  Words words = {networks.program, "lut", "model"};
  extend(words, split(model, ' '));
  if (of_config)
    for (const auto& file : networks.configs.empty() ? Words{"FILE.cfg"} : networks.configs)
      extend(words, {"--config", file});
  extend(words, spaces);
  if (!spaces.empty()) extend(words, {"--classes", std::to_string(networks.head_classes)});
  if (is_full && networks.classes > 0 && networks.classes != networks.head_classes)
    extend(words, {"--classes", std::to_string(networks.classes)});
  if (is_full) extend(words, {"--cost", "full"});
  if (networks.joined != PricedNetworks{}.joined) extend(words, {"--joined", std::to_string(networks.joined)});
  if (of_data) extend(words, {"--data", networks.data.empty() ? "DATA.h5" : networks.data});
  if (lacks_fusion)
    extend(words, {"--channels", std::to_string(networks.channels), "--positions", std::to_string(networks.positions)});
  extend(words, {"--out", lacking.out});
  return shell_line(words);
}

/// `harmonic lut import …` for rows that are to be measured.
std::string importing_line(const Lacking& lacking, const PricedNetworks& networks) {
  constexpr std::size_t kMostSet = 8;
  Words words = {networks.program, "lut", "import"};
  for (const auto& file : split(lacking.table.name(), '+')) extend(words, {"--in", file});
  const auto& device = lacking.table.provenance().device;
  extend(words, {"--device", device.empty() ? "NAME" : device});
  for (std::size_t i = 0; i < std::min(kMostSet, lacking.keys.size()); ++i)
    extend(words, {"--set", lacking.keys[i] + "=ms,mJ"});
  extend(words, {"--out", lacking.out});
  return shell_line(words);
}

struct Remedy {
  Words modelling, measuring;  ///< lines
};

Remedy remedy_of(const std::vector<Lacking>& tables, const PricedNetworks& networks) {
  Remedy remedy;
  for (const auto& lacking : tables) {
    const auto model = model_options(lacking.table.provenance());
    if (model.empty())
      remedy.measuring.push_back(importing_line(lacking, networks));
    else
      remedy.modelling.push_back(modelling_line(lacking, networks, model));
  }
  return remedy;
}

InputError error_of(const std::vector<Lacking>& tables, const PricedNetworks& networks, const std::string& then) {
  Words problems, mends;
  for (const auto& lacking : tables) problems.push_back(problem_of(lacking));
  const auto [modelling, measuring] = remedy_of(tables, networks);
  if (!modelling.empty()) mends.push_back("make what is missing with: " + join(modelling, " && "));
  if (!measuring.empty())
    mends.push_back("measure what is missing (a --set for every row, its ms and mJ filled in), and add it with: " +
                    join(measuring, " && ") +
                    (networks.cost == CostScope::full
                         ? "; or, on the device itself, measure all rows anew: " + networks.program +
                               " lut profile --cost full; or leave out cost = full"
                         : ""));
  mends.push_back("then give " + then);
  return {join(problems, "; "), join(mends, "; ")};
}

Words backbone_keys(const PricedNetworks& networks, std::size_t m) {
  const auto& space = networks.spaces[m];
  if (networks.genomes.empty()) return space_keys(space, networks.head_classes, networks.cost);
  Words keys;
  for (const auto& genome : networks.genomes.at(m))
    extend(keys, lut_keys(backbone_parts(space, genome, networks.head_classes, networks.cost)));
  return keys;
}

/// Each once, in order of first use.
std::vector<std::string> missing_of(const LookUpTable& table, const PricedNetworks& networks) {
  Words keys;
  for (std::size_t m = 0; m < networks.spaces.size(); ++m) extend(keys, backbone_keys(networks, m));
  extend(keys, fusion_keys(networks));
  std::set<std::string> seen;
  std::vector<std::string> missing;
  for (auto& key : keys)
    if (!table.contains(key) && seen.insert(key).second) missing.push_back(std::move(key));
  return missing;
}

/// Where the rows are modelled they are joined to the tables; measured, the tables are in one.
DeviceSpec mended(DeviceSpec device, const Lacking& lacking) {
  if (model_options(lacking.table.provenance()).empty()) device.tables.clear();
  device.tables.push_back(lacking.out);
  return device;
}

/// The files that a table was read from.
DeviceSpec tables_of(const LookUpTable& table) {
  DeviceSpec device;
  device.tables = table.name().empty() ? Words{"TABLE.json"} : split(table.name(), '+');
  return device;
}

}  // namespace

InputError lacking_rows(const LookUpTable& table, const std::vector<std::string>& keys,
                        const PricedNetworks& networks) {
  const Lacking lacking{table, keys, unused_path("more.json").string()};
  return error_of({lacking}, networks, join(mended(tables_of(table), lacking).tables, "+"));
}

void check_table(const LookUpTable& table, const PricedNetworks& networks) {
  const auto keys = missing_of(table, networks);
  if (keys.empty()) return;
  const Lacking lacking{table, keys, unused_path("more.json").string()};
  Words then;
  for (const auto& file : mended(tables_of(table), lacking).tables) extend(then, {"--lut", file});
  throw error_of({lacking}, networks, shell_line(then));
}

void check_tables(const std::vector<DeviceSpec>& devices, const PricedNetworks& networks) {
  std::set<std::string> names;
  for (const auto& device : devices)
    if (!names.insert(device.name).second)
      throw InputError(fmt::format("device '{}' is given twice", device.name), "name every device once");
  std::vector<LookUpTable> tables;
  for (const auto& device : devices) tables.push_back(LookUpTable::load({device.tables.begin(), device.tables.end()}));
  std::vector<Lacking> lacking;
  Words then;
  for (std::size_t d = 0; d < devices.size(); ++d) {
    auto keys = missing_of(tables[d], networks);
    if (keys.empty()) {
      extend(then, {"--device", to_text(devices[d])});
      continue;
    }
    std::string name = devices[d].name;
    std::ranges::replace(name, '/', '-');
    lacking.push_back({tables[d], std::move(keys), unused_path(fmt::format("more-{}.json", name)).string()});
    extend(then, {"--device", to_text(mended(devices[d], lacking.back()))});
  }
  if (!lacking.empty()) throw error_of(lacking, networks, shell_line(then));
}

}  // namespace harmonic
