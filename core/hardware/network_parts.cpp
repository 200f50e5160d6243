#include "core/hardware/network_parts.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace harmonic {
namespace {

using Kind = NetworkPart::Kind;

/// Collects parts, each once.
class DistinctParts {
 public:
  void add(NetworkPart part) {
    if (seen_.insert(lut_key(part)).second) parts_.push_back(std::move(part));
  }
  void add(const std::vector<NetworkPart>& parts) {
    for (const auto& part : parts) add(part);
  }
  [[nodiscard]] std::vector<NetworkPart> take() && { return std::move(parts_); }

 private:
  std::vector<NetworkPart> parts_;
  std::set<std::string> seen_;
};

NetworkPart map_part(Kind kind, int channels, int side) {
  return {.kind = kind, .in_channels = channels, .side = side};
}

NetworkPart classifier_part(int inputs, int classes) {
  return {.layer = {.kind = Layer::Kind::linear, .in_channels = inputs, .out_channels = classes}};
}

NetworkPart reshape_part(const FusionInput& input, int channels, int positions) {
  auto part = map_part(Kind::reshape, input.channels, input.side);
  part.channels = channels;
  part.positions = positions;
  return part;
}

NetworkPart state_part(Kind kind, int channels, int positions) {
  return {.kind = kind, .channels = channels, .positions = positions};
}

NetworkPart operator_part(const std::string& op, int channels, int positions) {
  auto part = state_part(Kind::fusion_operator, channels, positions);
  part.op = op;
  return part;
}

NetworkPart head_part(int states, int channels, int positions, int classes) {
  auto part = state_part(Kind::fusion_head, channels, positions);
  part.count = states;
  part.classes = classes;
  return part;
}

NetworkPart logits_part(Kind kind, int backbones, int classes) {
  return {.kind = kind, .count = backbones, .classes = classes};
}

/// Late fusion of the last maps, or vectors, of backbones.
std::vector<NetworkPart> late_maps_parts(const std::vector<FusionInput>& last, int positions, int classes) {
  std::vector<NetworkPart> parts;
  int numbers = 0;
  for (const auto& input : last) {
    numbers += input.channels * (input.vector ? 1 : positions);
    if (input.vector) continue;
    parts.push_back(map_part(Kind::late_pool, input.channels, input.side));
    parts.back().positions = positions;
  }
  parts.push_back({.kind = Kind::late_maps, .in_channels = numbers, .classes = classes});
  return parts;
}

std::vector<NetworkPart> late_parts(LateFusion late, const std::vector<FusionInput>& last, int positions, int classes) {
  const auto backbones = static_cast<int>(last.size());
  switch (late) {
    case LateFusion::sum:
      return {logits_part(Kind::late_sum, backbones, classes)};
    case LateFusion::logits:
      return {logits_part(Kind::late_logits, backbones, classes)};
    case LateFusion::maps:
      return late_maps_parts(last, positions, classes);
    case LateFusion::none:
      break;
  }
  return {};
}

}  // namespace

std::vector<NetworkPart> backbone_parts(const BackboneSpace& space, const BackboneGenome& genome, int head_classes,
                                        CostScope scope) {
  std::vector<NetworkPart> parts;
  const bool full = scope == CostScope::full;
  if (space.family == BackboneSpace::Family::maxout) {
    parts.push_back({.kind = Kind::maxout, .space = space});
    if (full) parts.push_back(classifier_part(returned_features(space, genome).back().channels, head_classes));
    return parts;
  }
  for (const Layer& layer : backbone_layers(space, genome, head_classes)) {
    const bool mixes = layer.kind == Layer::Kind::conv && !layer.batch_norm;  // on the mean of the map before
    if (full && mixes) {
      const Layer& before = parts.back().layer;
      parts.push_back(map_part(Kind::global_pool, before.out_channels, strided(before.resolution, before.stride)));
    }
    parts.push_back({.layer = layer});
    if (full && layer.shortcut)
      parts.push_back(map_part(Kind::residual_add, layer.out_channels, strided(layer.resolution, layer.stride)));
  }
  return parts;
}

std::vector<NetworkPart> fusion_parts(const ModelSizing& sizing, const MultimodalGenome& genome,
                                      const Genotype& genotype) {
  if (genome.backbones.size() == 1) return {};  // nothing is fused
  const auto [all, last] = sizing.inputs(genome);
  return fusion_parts(sizing, all, last, genotype);
}

std::vector<NetworkPart> fusion_parts(const ModelSizing& sizing, const std::vector<FusionInput>& inputs,
                                      const std::vector<FusionInput>& last, const Genotype& genotype) {
  if (genotype.late != LateFusion::none) return late_parts(genotype.late, last, sizing.positions, sizing.classes);
  const int channels = sizing.channels, positions = sizing.positions;
  std::set<int> read(genotype.concat.begin(), genotype.concat.end());
  for (const auto& cell : genotype.cells) read.insert({cell.first, cell.second});
  std::vector<NetworkPart> parts;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (read.contains(static_cast<int>(i))) parts.push_back(reshape_part(inputs[i], channels, positions));
  for (const auto& cell : genotype.cells) {
    for (const auto& step : cell.steps) parts.push_back(operator_part(step.op, channels, positions));
    parts.push_back(state_part(Kind::cell_norm, channels, positions));
  }
  parts.push_back(head_part(static_cast<int>(genotype.concat.size()), channels, positions, sizing.classes));
  if (sizing.backbone_logits)
    parts.insert(parts.end(), last.size(), logits_part(Kind::scaled_addition, 0, sizing.classes));
  return parts;
}

std::vector<NetworkPart> space_parts(const BackboneSpace& space, int head_classes, CostScope scope) {
  // A block's row depends on its own genes alone (its input is as wide as the stage before): the networks whose
  // blocks are all alike show every row there is.
  DistinctParts parts;
  BackboneGenome genome = largest_genome(space);
  if (space.family == BackboneSpace::Family::maxout)
    parts.add(backbone_parts(space, genome, head_classes, scope));
  else
    for (const int kernel : space.kernels)
      for (const int expand : space.expands) {
        std::ranges::fill(genome.kernel, kernel);
        std::ranges::fill(genome.expand, expand);
        parts.add(backbone_parts(space, genome, head_classes, scope));
      }
  return std::move(parts).take();
}

std::vector<std::vector<FusionInput>> fused_together(const std::vector<FusionInput>& last) {
  std::vector<std::vector<FusionInput>> together;
  for (std::size_t a = 0; a < last.size(); ++a)
    for (std::size_t b = a + 1; b < last.size(); ++b) together.push_back({last[a], last[b]});
  if (last.size() > 2) together.push_back(last);
  return together;
}

std::vector<NetworkPart> fusion_scope_parts(const std::vector<BackboneSpace>& spaces, const FusionScope& fusion,
                                            CostScope scope) {
  DistinctParts parts;
  for (const auto& op : fusion.operators) parts.add(operator_part(op, fusion.channels, fusion.positions));
  if (scope == CostScope::published) return std::move(parts).take();
  std::vector<FusionInput> last;
  for (const auto& space : spaces) {
    // The largest network returns all that the others do.
    const auto features = returned_features(space, largest_genome(space));
    for (const auto& feature : features) parts.add(reshape_part(feature, fusion.channels, fusion.positions));
    last.push_back(features.back());
  }
  const auto together = fused_together(last);
  parts.add(state_part(Kind::cell_norm, fusion.channels, fusion.positions));
  for (const int classes : fusion.classes) {
    for (int states = 1; states <= fusion.joined; ++states)
      parts.add(head_part(states, fusion.channels, fusion.positions, classes));
    parts.add(logits_part(Kind::scaled_addition, 0, classes));
    for (const auto& features : together)
      for (const auto late : {LateFusion::sum, LateFusion::logits, LateFusion::maps})
        parts.add(late_parts(late, features, fusion.positions, classes));
  }
  return std::move(parts).take();
}

std::vector<std::string> lut_keys(const std::vector<NetworkPart>& parts) {
  std::vector<std::string> keys;
  for (const auto& part : parts) keys.push_back(lut_key(part));
  return keys;
}

}  // namespace harmonic
