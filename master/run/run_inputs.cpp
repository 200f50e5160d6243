#include "master/run/run_inputs.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/data/dataset_file.hpp"
#include "core/data/training_mark.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/space/layers.hpp"
#include "core/work/fitted_settings.hpp"
#include "core/work/run_devices.hpp"
#include "master/run/largest_model.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {
namespace {

void check_splits(const DatasetFile& data) {
  for (const Split split : {Split::train, Split::val, Split::test})
    if (const auto samples = data.samples(split); samples < 2)
      throw InputError(fmt::format("split {} of {} has {} samples, two are the least", to_text(split),
                                   data.path().string(), samples),
                       "give another data set");
}

/// Of every backbone that may be drawn.
void check_features(const std::vector<ModalitySpec>& modalities, const std::vector<int>& asked) {
  std::vector<int> possible;
  for (std::size_t m = 0; m < modalities.size(); ++m)
    possible.push_back(std::min(asked[m], most_offered(modalities[m].space)));
  for (std::size_t m = 0; m < modalities.size(); ++m)
    if (asked[m] > possible[m])
      throw InputError(
          fmt::format("features is {} for modality {}, whose smallest backbones can offer {} to fusion", asked[m],
                      modalities[m].name, possible[m]),
          fmt::format("give --features {0} (features = {0} in [fusion]), or leave it out: each then offers what it "
                      "can, {1} at most",
                      fmt::join(possible, ","), FusionSettings::kUsualFeatures));
}

/// In every macro-architecture that may be drawn.
void check_multiplier(const SearchSettings& settings, int inputs) {
  if (settings.protocol != Protocol::published) return;  // as many cells as there are are joined
  const auto& macro = settings.evolution.macro;
  int cells = macro.usual.cells;
  for (const int other : macro.other_cells) cells = std::min(cells, other);
  if (settings.fusion.multiplier > inputs + cells)
    throw InputError(fmt::format("multiplier is {}, but fusion of {} features by {} cells has {} states",
                                 settings.fusion.multiplier, inputs, cells, inputs + cells),
                     "lower multiplier in [fusion], or offer more features");
}

/// What is priced, and where the user has it from.
PricedNetworks priced_networks(const SearchSettings& settings, const RunHooks& hooks, const DataShape& data) {
  PricedNetworks networks{.spaces = {},
                          .head_classes = head_classes(settings, data.classes),
                          .operators = settings.is_alone() ? std::vector<std::string>{} : settings.fusion.operators,
                          .channels = settings.fusion.channels,
                          .positions = settings.fusion.side * settings.fusion.side,
                          .configs = hooks.configs,
                          .data = settings.data,
                          .program = hooks.program.back(),
                          .cost = settings.cost,
                          .joined = std::max(settings.fusion.multiplier, PricedNetworks{}.joined),
                          .classes = data.classes};
  for (const auto& modality : settings.modalities) networks.spaces.push_back(modality.space);
  if (networks.configs.empty() && settings.resume) networks.configs.push_back(RunPaths{settings.run}.config().string());
  return networks;
}

/// A fusion of `inputs` features that reads as many of them as it can, of one operator alone.
Genotype uniform_genotype(const MacroArchitecture& macro, int inputs, int joined, const std::string& op) {
  Genotype genotype;
  for (int cell = 0; cell < macro.cells; ++cell) {
    genotype.cells.push_back({2 * cell % inputs, (2 * cell + 1) % inputs, {}});
    for (int node = 0; node < macro.nodes; ++node) genotype.cells.back().steps.push_back({op, 0, 1});
  }
  for (int state = inputs + macro.cells - joined; state < inputs + macro.cells; ++state)
    genotype.concat.push_back(state);
  return genotype;
}

/// What decides whether models can keep within the bounds.
Bounded bounded_models(const SearchSettings& settings) {
  if (settings.is_alone()) return {settings.bounds};
  Bounded bounded{settings.bounds, settings.fusion.operators};
  if (settings.evolution_in_force().late_fusion) return bounded;
  const auto& macro = settings.evolution.macro;
  bounded.fewest_cells = macro.usual.cells;
  for (const int other : macro.other_cells) bounded.fewest_cells = std::min(bounded.fewest_cells, other);
  return bounded;
}

Objectives worst_costs(const SearchSettings& settings, const ModelPricing& pricing, int inputs) {
  const auto largest = largest_model(settings);
  if (settings.is_alone()) return with_metric(0, pricing.model(largest, {{}, {}, LateFusion::sum}).objectives);
  const int joined = settings.protocol == Protocol::published ? settings.fusion.multiplier
                                                              : settings.fusion.joined_cells(largest.macro.cells);
  Objectives worst = {100};
  for (const auto& op : settings.fusion.operators) {
    const auto genotype = uniform_genotype(largest.macro, inputs, joined, op);
    const auto cost = pricing.model(largest, genotype).objectives;
    worst.resize(1 + cost.size());
    for (std::size_t i = 0; i < cost.size(); ++i) worst[i + 1] = std::max(worst[i + 1], cost[i]);
  }
  return worst;
}

void warn_of_unknown(const std::vector<Objective>& objectives, const DeviceSet& devices) {
  for (const auto& objective : objectives) {
    const auto* quantity = std::get_if<std::size_t>(&objective);
    if (quantity == nullptr) continue;
    if (const auto lacking = devices.devices_without(*quantity); !lacking.empty())
      log::warning("the table of device {} has no {} in some rows: {} is no objective of this run", join(lacking, ", "),
                   kQuantities[*quantity].name, kQuantities[*quantity].name);
  }
}

}  // namespace

RunInputs::RunInputs(const SearchSettings& given, const RunHooks& hooks) {
  hooks.check_paths();
  const DatasetFile data(given.data);
  const SearchSettings settings = fitted_settings(given, data);
  data_shape = {data.info().classes, sample_shapes(settings, data)};
  data_provenance = data.info().provenance;
  check_splits(data);
  samples = {static_cast<double>(data.samples(Split::val)), static_cast<double>(data.samples(Split::test))};
  int inputs = 0;
  const FusionSettings fusion = settings.fusion_in_force();
  ModelSizing sizing{{}, {}, data.info().classes, fusion.channels, fusion.side * fusion.side, fusion.backbone_logits};
  for (const auto& modality : settings.modalities) {
    const int features = fusion.features_of(modalities.size());
    inputs += features;
    modalities.push_back(modality.name);
    spaces.push_back(modality.space);
    sizing.features.push_back(features);
  }
  check_features(settings.modalities, sizing.features);
  sizing.spaces = spaces;
  answers = AnswerCheck{inputs};
  check_multiplier(settings, inputs);
  check_tables(settings.devices, priced_networks(settings, hooks, data_shape));
  pricing = std::make_shared<const ModelPricing>(run_devices(settings, data.info().classes), std::move(sizing),
                                                 settings.objectives, bounded_models(settings));
  warn_of_unknown(settings.objectives, pricing->devices());
  costs.backbone = [prices = pricing](int modality, const auto& genome) { return prices->backbone(modality, genome); };
  costs.model = [prices = pricing](const auto& genome, const auto& genotype) {
    return prices->model(genome, genotype);
  };
  costs.backbone_violation = [prices = pricing](int modality, const auto& genome) {
    return prices->least_violation(modality, genome);
  };
  costs.model_violation = [prices = pricing](const auto& genome) { return prices->least_violation(genome); };
  costs.repaired = [prices = pricing](int modality, BackboneGenome genome, RandomStream& random) {
    return prices->choices().at(static_cast<std::size_t>(modality)).repaired(std::move(genome), random);
  };
  reference = worst_costs(settings, *pricing, inputs);
  hooks.check();
  files = input_files(settings);
  contents = input_hashes(settings);
  for (const auto& modality : settings.modalities)
    if (!modality.weights.empty())
      warn_of_other_data({modality.weights, modality.name}, settings.data, contents.at("data"));
  hash = run_hash(settings, contents);
}

}  // namespace harmonic
