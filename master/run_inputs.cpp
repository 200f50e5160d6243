#include "master/run_inputs.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/data/dataset_file.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/space/layers.hpp"
#include "core/work/run_devices.hpp"

namespace harmonic {
namespace {

void check_shape(const ModalityInfo& data, const BackboneSpace& space) {
  const bool vector = space.family == BackboneSpace::Family::maxout;
  const auto side = static_cast<std::size_t>(space.resolution);
  const std::vector<std::size_t> wanted = vector ? std::vector{static_cast<std::size_t>(space.in_features)}
                                                 : std::vector{static_cast<std::size_t>(space.in_channels), side, side};
  if (data.sample_shape != wanted)
    throw InputError(fmt::format("modality {} has samples of shape {}, space {} takes {}", data.name,
                                 fmt::join(data.sample_shape, "x"), space.name, fmt::join(wanted, "x")),
                     "give the modality another space, or import the data in that shape");
}

void check_splits(const DatasetFile& data) {
  for (const Split split : {Split::train, Split::val, Split::test})
    if (const auto samples = data.samples(split); samples < 2)
      throw InputError(fmt::format("split {} of {} has {} samples, two are the least", to_text(split),
                                   data.path().string(), samples),
                       "give another data set");
}

/// In every macro-architecture that may be drawn.
void check_multiplier(const SearchSettings& settings, int inputs) {
  const auto& macro = settings.evolution.macro;
  int cells = macro.usual.cells;
  for (const int other : macro.other_cells) cells = std::min(cells, other);
  if (settings.fusion.multiplier > inputs + cells)
    throw InputError(fmt::format("multiplier is {}, but fusion of {} features by {} cells has {} states",
                                 settings.fusion.multiplier, inputs, cells, inputs + cells),
                     "lower multiplier in [fusion], or offer more features");
}

void check_tables(const DeviceSet& devices, const std::vector<BackboneSpace>& spaces, int head_classes,
                  const FusionSettings& fusion) {
  for (const auto& device : devices.devices()) {
    for (const auto& space : spaces)
      for (const auto& key : space_keys(space, head_classes)) (void)device.table.at(key);
    for (const auto& op : fusion.operators)
      (void)device.table.at(fusion_key(op, fusion.channels, fusion.side * fusion.side));
  }
}

Objectives worst_costs(const SearchSettings& settings, const std::vector<BackboneSpace>& spaces,
                       const DeviceSet& devices) {
  const auto& macro = settings.evolution.macro;
  int cells = macro.usual.cells, nodes = macro.usual.nodes;
  for (const int other : macro.other_cells) cells = std::max(cells, other);
  for (const int other : macro.other_nodes) nodes = std::max(nodes, other);
  MultimodalGenome largest{{}, {cells, nodes}};
  for (const auto& space : spaces) largest.backbones.push_back(largest_genome(space));
  Objectives worst = {100};
  for (const auto& op : settings.fusion.operators) {
    const auto cost = devices.objectives(
        devices.model_costs(largest, std::vector<std::string>(static_cast<std::size_t>(cells * nodes), op)));
    worst.resize(1 + cost.size());
    for (std::size_t i = 0; i < cost.size(); ++i) worst[i + 1] = std::max(worst[i + 1], cost[i]);
  }
  return worst;
}

}  // namespace

RunInputs::RunInputs(const SearchSettings& settings, const RunHooks& hooks) {
  settings.check();
  const DatasetFile data(settings.data);
  check_splits(data);
  for (const auto& op : settings.fusion.operators)
    (void)fusion_kernels(op, settings.fusion.channels, settings.fusion.side * settings.fusion.side);  // known by name
  int inputs = 0;
  ModelSizing sizing{
      {}, {}, data.info().classes, settings.fusion.channels, settings.fusion.side * settings.fusion.side};
  for (const auto& modality : settings.modalities) {
    const int features = settings.fusion.features_of(modalities.size());
    inputs += features;
    check_shape(data.modality(modality.name), modality.space);
    (void)offered_features(feature_count(modality.space, smallest_genome(modality.space)), features);
    modalities.push_back(modality.name);
    spaces.push_back(modality.space);
    sizing.features.push_back(features);
  }
  sizing.spaces = spaces;
  check_multiplier(settings, inputs);
  devices = std::make_shared<const DeviceSet>(run_devices(settings, data.info().classes));
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    if (const auto lacking = devices->devices_without(q); !lacking.empty())
      log::warning("the table of device {} has no {} in some rows: {} is no objective of this run", join(lacking, ", "),
                   kQuantities[q].name, kQuantities[q].name);
  check_tables(*devices, spaces, head_classes(settings, data.info().classes), settings.fusion);
  costs.backbone = [set = devices](int modality, const BackboneGenome& genome) {
    return set->objectives(set->backbone_costs(modality, genome));
  };
  costs.model = [set = devices, sizing](const MultimodalGenome& genome, const Genotype& genotype) {
    auto on_devices = set->model_costs(genome, operators_of(genotype));
    auto objectives = set->objectives(on_devices);
    return ModelCosts{std::move(on_devices), std::move(objectives), sizing(genome, genotype)};
  };
  reference = worst_costs(settings, spaces, *devices);
  hooks.check();
  files = input_files(settings);
  contents = input_hashes(settings);
  hash = run_hash(settings, contents);
}

}  // namespace harmonic
