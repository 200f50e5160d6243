#include "master/models/architecture.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/kernels.hpp"
#include "core/hardware/network_parts.hpp"
#include "core/space/layers.hpp"
#include "core/work/run_devices.hpp"

namespace harmonic {
namespace {

std::string name_of(const Layer& layer, std::size_t index, std::size_t layers) {
  if (layer.kind == Layer::Kind::linear) return "classifier";
  if (layer.kind == Layer::Kind::conv)
    return index == 0 ? "first conv" : index + 2 == layers ? "feature mix" : "final expand";
  if (layer.position < 0) return "first block";
  return fmt::format("stage {} block {}", 1 + layer.position / BackboneSpace::kMaxDepth,
                     1 + layer.position % BackboneSpace::kMaxDepth);
}

std::string map_text(int channels, int side) {
  return side == 1 ? std::to_string(channels) : fmt::format("{} x {}x{}", channels, side, side);
}

std::string detail_of(const Layer& layer) {
  if (layer.kind == Layer::Kind::linear) return "";
  std::vector<std::string> words = {fmt::format("{0}x{0}", layer.kernel)};
  if (layer.stride > 1) words.push_back(fmt::format("stride {}", layer.stride));
  if (layer.position >= 0) words.push_back(fmt::format("expansion {} to {}", layer.expand, layer.mid_channels));
  if (layer.fused) words.emplace_back("fused");
  words.push_back(word_of(kActivations, layer.activation));
  if (layer.squeeze_excite) words.emplace_back("squeeze-excite");
  if (layer.shortcut) words.emplace_back("shortcut");
  return join(words, ", ");
}

std::vector<NamedLayer> mobilenet_layers(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  const auto layers = backbone_layers(space, genome, classes);
  std::vector<NamedLayer> named;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& layer = layers[i];
    named.push_back({name_of(layer, i, layers.size()),
                     map_text(layer.in_channels, layer.resolution),
                     map_text(layer.out_channels, strided(layer.resolution, layer.stride)),
                     detail_of(layer),
                     {},
                     size_of(layer_kernels(layer)),
                     layer.kind == Layer::Kind::linear ? 0 : layer.kernel,
                     layer.kind == Layer::Kind::mbconv ? layer.expand : 0,
                     layer.position});
  }
  return named;
}

std::vector<NamedLayer> maxout_layers(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  const auto channels = feature_channels(space, genome, classes);
  std::vector<NamedLayer> named;
  for (std::size_t f = 0; f < channels.size(); ++f) {
    const bool last = f + 1 == channels.size();
    named.push_back({last ? "classifier" : fmt::format("layer {}", f + 1),
                     std::to_string(f == 0 ? space.in_features : channels[f - 1]),
                     std::to_string(channels[f]),
                     last ? "" : fmt::format("maximum of {} linear pieces", space.pool),
                     {},
                     {}});
  }
  return named;
}

/// What every layer costs, of networks whose tables tell the layers apart.
void price_layers(BackboneDescription& backbone, const BackboneSpace& space, const BackboneGenome& genome,
                  int head_classes, const DeviceSet& devices) {
  if (space.family == BackboneSpace::Family::maxout) return;
  for (const auto& device : devices.devices()) {
    const auto parts = backbone_cost(device.table, space, genome, head_classes);
    for (std::size_t i = 0; i < parts.size(); ++i) backbone.layers.at(i).costs.push_back(parts[i].cost);
  }
}

BackboneDescription describe_backbone(const ModalitySpec& modality, const BackboneGenome& genome, int features,
                                      int classes, std::vector<std::string>& states) {
  const auto& space = modality.space;
  BackboneDescription backbone{modality.name, space.name, to_text(genome),
                               space.family == BackboneSpace::Family::maxout
                                   ? maxout_layers(space, genome, classes)
                                   : mobilenet_layers(space, genome, classes)};
  for (const int feature : offered_features(feature_count(space, genome), features)) {
    auto& layer = backbone.layers.at(static_cast<std::size_t>(feature));
    layer.state = static_cast<int>(states.size());
    states.push_back(fmt::format("{}, {}", modality.name, layer.name));
  }
  return backbone;
}

/// Of a genotype that somebody else may have written.
void check_states(const Genotype& genotype, std::size_t inputs) {
  const auto check = [&](int state, std::size_t below) {
    if (state < 0 || static_cast<std::size_t>(state) >= below)
      throw InputError(
          fmt::format("genotype {} reads state {}, and there are {} by then", to_text(genotype), state, below),
          "keep the run's files as it wrote them");
  };
  std::size_t states = inputs;
  for (const auto& cell : genotype.cells) {
    check(cell.first, states);
    check(cell.second, states);
    std::size_t inner = 2;
    for (const auto& step : cell.steps) {
      check(step.first, inner);
      check(step.second, inner);
      ++inner;
    }
    ++states;
  }
  for (const int state : genotype.concat) check(state, states);
}

std::vector<ModelPart> parts_of(const SearchSettings& settings, const MultimodalGenome& genome,
                                const Genotype& genotype, int classes, const DeviceSet* devices) {
  std::vector<ModelPart> parts;
  const auto fusion = settings.fusion_in_force();
  const int positions = fusion.side * fusion.side;
  const auto sizing = run_sizing(settings, classes);
  ModelSize counted;
  const auto add = [&](std::string name, const ModelSize& size, std::vector<Cost> costs) {
    counted += size;
    parts.push_back({std::move(name), size, std::move(costs)});
  };
  for (std::size_t m = 0; m < settings.modalities.size(); ++m) {
    const auto& backbone = genome.backbones[m];
    add(settings.modalities[m].name + " backbone", backbone_size(settings.modalities[m].space, backbone, classes),
        devices == nullptr ? std::vector<Cost>() : devices->backbone_costs(static_cast<int>(m), backbone));
  }
  for (std::size_t c = 0; c < genotype.cells.size(); ++c)
    for (const auto& step : genotype.cells[c].steps) {
      std::vector<Cost> costs;
      if (devices != nullptr)
        for (const auto& device : devices->devices())
          costs.push_back(total(fusion_cost(device.table, {step.op}, fusion.channels, positions)));
      add(fmt::format("cell {}: {}", c + 1, step.op), size_of(fusion_kernels(step.op, fusion.channels, positions)),
          std::move(costs));
    }
  const auto whole = sizing(genome, genotype);
  std::vector<Cost> rest;  // of what is no part above; published tables leave it out
  if (devices != nullptr && devices->scope() == CostScope::full) {
    const auto fusion_network = fusion_parts(sizing, genome, genotype);
    for (const auto& device : devices->devices()) {
      rest.emplace_back();
      for (const auto& part : fusion_network)
        if (part.kind != NetworkPart::Kind::fusion_operator) rest.back() += device.table.at(lut_key(part));
    }
  }
  add(genotype.late == LateFusion::none ? "inputs, norms and head" : to_text(genotype),
      {whole.parameters - counted.parameters, whole.macs - counted.macs}, std::move(rest));
  return parts;
}

}  // namespace

ModelArchitecture describe(const SearchSettings& settings, const MultimodalGenome& genome, const Genotype& genotype,
                           int classes, const DeviceSet* devices) {
  const auto fusion = settings.fusion_in_force();
  ModelArchitecture model;
  model.genotype = genotype;
  model.backbone_logits = fusion.backbone_logits;
  model.classes = classes;
  model.channels = fusion.channels;
  model.side = fusion.side;
  for (std::size_t m = 0; m < settings.modalities.size(); ++m) {
    const auto& backbone = genome.backbones.at(m);
    model.backbones.push_back(
        describe_backbone(settings.modalities[m], backbone, fusion.features_of(m), classes, model.states));
    if (devices != nullptr)
      price_layers(model.backbones.back(), settings.modalities[m].space, backbone, head_classes(settings, classes),
                   *devices);
  }
  check_states(genotype, model.states.size());
  for (std::size_t c = 0; c < genotype.cells.size(); ++c) model.states.push_back(fmt::format("cell {}", c + 1));
  model.parts = parts_of(settings, genome, genotype, classes, devices);
  if (devices != nullptr) {
    for (const auto& device : devices->devices()) model.devices.push_back(device.name);
    model.costs.resize(model.devices.size());
  }
  for (const auto& part : model.parts) {
    model.size += part.size;
    for (std::size_t d = 0; d < part.costs.size(); ++d) model.costs[d] += part.costs[d];
  }
  return model;
}

std::optional<int> classes_for(const SearchSettings& settings, const MultimodalGenome& genome, const Genotype& genotype,
                               double parameters) {
  const auto of = [&](int classes) { return run_sizing(settings, classes)(genome, genotype).parameters; };
  const double one = of(1), a_class = of(2) - one;
  const double classes = a_class > 0 ? 1 + (parameters - one) / a_class : 0;
  if (!(classes >= 1) || classes > 1e6 || of(static_cast<int>(std::lround(classes))) != parameters) return std::nullopt;
  return static_cast<int>(std::lround(classes));
}

}  // namespace harmonic
