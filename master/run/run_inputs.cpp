#include "master/run/run_inputs.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>

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

constexpr int kAssumedClasses = 10;       // of a simulation: AV-MNIST's
constexpr double kAssumedSamples = 5000;  // likewise, a split

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

/// The largest network that every device can run, with blocks of one kind where there is a choice.
BackboneGenome largest_runnable(const BackboneSpace& space, const GeneChoices& choices, bool fused) {
  BackboneGenome genome = largest_genome(space);
  const int widest = fused ? std::ranges::min(space.expands) : std::ranges::max(space.expands);
  std::ranges::fill(genome.expand, widest);
  if (choices.allows(genome)) return genome;
  RandomStream random(Seed{0}, "a network that all devices can run");
  genome = choices.repaired(std::move(genome), random);
  const auto enlarge = [&](int& gene, const std::vector<int>& options) {
    for (const int option : options) {
      const int before = std::exchange(gene, std::max(gene, option));
      if (!choices.allows(genome)) gene = before;
    }
  };
  for (auto& depth : genome.depth) enlarge(depth, space.depths);
  for (auto& kernel : genome.kernel) enlarge(kernel, space.kernels);
  for (auto& expand : genome.expand) enlarge(expand, space.expands);
  return genome;
}

/// The largest models, whose costs no other's should be above.
std::vector<MultimodalGenome> largest_models(const SearchSettings& settings, const ModelPricing& pricing) {
  std::vector<MultimodalGenome> models;
  for (const bool fused : {false, true}) {
    models.push_back(largest_model(settings));
    for (std::size_t m = 0; m < settings.modalities.size(); ++m)
      if (const auto& space = settings.modalities[m].space; space.family != BackboneSpace::Family::maxout)
        models.back().backbones[m] =
            largest_runnable(space, pricing.choices()[m], fused && std::ranges::min(space.expands) < 0);
  }
  return models;
}

Objectives worst_costs(const SearchSettings& settings, const ModelPricing& pricing, int inputs) {
  Objectives worst = {100};
  const auto include = [&](const MultimodalGenome& model, const Genotype& genotype) {
    const auto cost = pricing.model(model, genotype).objectives;
    worst.resize(1 + cost.size());
    for (std::size_t i = 0; i < cost.size(); ++i) worst[i + 1] = std::max(worst[i + 1], cost[i]);
  };
  for (const auto& largest : largest_models(settings, pricing)) {
    if (settings.is_alone()) {
      include(largest, {{}, {}, LateFusion::sum});
      continue;
    }
    const int joined = settings.protocol == Protocol::published ? settings.fusion.multiplier
                                                                : settings.fusion.joined_cells(largest.macro.cells);
    for (const auto& op : settings.fusion.operators)
      include(largest, uniform_genotype(largest.macro, inputs, joined, op));
  }
  return worst;
}

/// @param of a backbone of a modality, asked once for each
template <class Of>
auto remembered(Of of) {
  using Value = std::invoke_result_t<Of&, int, const BackboneGenome&>;
  return [of = std::move(of), known = std::map<int, std::map<BackboneGenome, Value>>()](
             int modality, const BackboneGenome& genome) mutable {
    auto& of_modality = known[modality];
    auto value = of_modality.find(genome);
    if (value == of_modality.end()) value = of_modality.emplace(genome, of(modality, genome)).first;
    return value->second;
  };
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
  SearchSettings settings = given;
  if (given.data.empty()) {
    data_shape = {given.head_classes > 0 ? given.head_classes : kAssumedClasses, {}};
    samples = {kAssumedSamples, kAssumedSamples};
  } else {
    const DatasetFile data(given.data);
    settings = fitted_settings(given, data);
    data_shape = {data.info().classes, sample_shapes(settings, data)};
    data_provenance = data.info().provenance;
    check_splits(data);
    samples = {static_cast<double>(data.samples(Split::val)), static_cast<double>(data.samples(Split::test))};
  }
  for (const auto& modality : settings.modalities) modalities.push_back(modality.name);
  auto sizing = run_sizing(settings, data_shape.classes);
  spaces = sizing.spaces;
  const int inputs = std::accumulate(sizing.features.begin(), sizing.features.end(), 0);
  check_features(settings.modalities, sizing.features);
  answers = AnswerCheck{inputs};
  check_multiplier(settings, inputs);
  check_tables(settings.devices, priced_networks(settings, hooks, data_shape));
  pricing = std::make_shared<const ModelPricing>(run_devices(settings, data_shape.classes), std::move(sizing),
                                                 settings.objectives, bounded_models(settings));
  warn_of_unknown(settings.objectives, pricing->devices());
  // Survivors are priced again in every generation.
  costs.backbone = remembered(
      [prices = pricing](int modality, const BackboneGenome& genome) { return prices->backbone(modality, genome); });
  costs.model = [prices = pricing](const auto& genome, const auto& genotype) {
    return prices->model(genome, genotype);
  };
  costs.backbone_violation = remembered([prices = pricing](int modality, const BackboneGenome& genome) {
    return prices->least_violation(modality, genome);
  });
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
