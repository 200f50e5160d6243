#include "core/hardware/model_size.hpp"

#include <set>

#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/kernel_parts.hpp"
#include "core/space/layers.hpp"

namespace harmonic {

ModelSize size_of(const std::vector<Kernel>& kernels) {
  ModelSize size;
  for (const Kernel& kernel : kernels) size += {kernel.parameters, kernel.macs};
  return size;
}

ModelSize backbone_size(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  ModelSize size;
  if (space.family == BackboneSpace::Family::maxout) {
    size = size_of(maxout_kernels(space));
    const int inputs = feature_channels(space, genome, classes).rbegin()[1];  // of the last block, before the logits
    size += size_of({linear(inputs, classes)});
  }
  for (const Layer& layer : backbone_layers(space, genome, classes)) size += size_of(layer_kernels(layer));
  return size;
}

std::vector<FusionInput> returned_features(const BackboneSpace& space, const BackboneGenome& genome) {
  std::vector<FusionInput> features;
  if (space.family == BackboneSpace::Family::maxout) {
    auto channels = feature_channels(space, genome, /*classes=*/1);
    channels.pop_back();  // the logits
    for (const int count : channels) features.push_back({count, true});
    return features;
  }
  const auto layers = backbone_layers(space, genome, /*classes=*/1);
  for (std::size_t i = 0; i + 3 < layers.size(); ++i)
    features.push_back({layers[i].out_channels, false, strided(layers[i].resolution, layers[i].stride)});
  return features;
}

std::vector<FusionInput> fusion_inputs(const BackboneSpace& space, const BackboneGenome& genome, int count) {
  const auto features = returned_features(space, genome);
  std::vector<FusionInput> inputs;
  for (const int f : offered_features(static_cast<int>(features.size()) + 1, count))
    inputs.push_back(features[static_cast<std::size_t>(f)]);
  return inputs;
}

ModelSize fusion_size(const Genotype& genotype, const std::vector<FusionInput>& inputs, int classes, int channels,
                      int positions, int backbones) {
  const double state = static_cast<double>(channels) * positions;
  std::set<int> read(genotype.concat.begin(), genotype.concat.end());
  ModelSize size;
  for (const auto& cell : genotype.cells) {
    read.insert({cell.first, cell.second});
    for (const auto& step : cell.steps) size += size_of(fusion_kernels(step.op, channels, positions));
    size += size_of({normalisation(state, kLayerNormFlops, 2 * state)});
  }
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (read.contains(static_cast<int>(i)))
      size += size_of({linear(inputs[i].channels, channels, inputs[i].vector ? 1 : positions),
                       normalisation(state, kBatchNormFlops, 2.0 * channels)});
  const double joined = static_cast<double>(genotype.concat.size()) * state;
  size += size_of({normalisation(joined, kLayerNormFlops, 2 * joined), linear(joined, classes)});
  size.parameters += backbones;  // a scale each
  return size;
}

ModelSize late_fusion_size(LateFusion late, const std::vector<FusionInput>& last, int classes, int positions) {
  const auto backbones = static_cast<double>(last.size());
  double numbers = 0;
  for (const auto& [channels, vector, side] : last) numbers += static_cast<double>(channels) * (vector ? 1 : positions);
  switch (late) {
    case LateFusion::sum:
      return {backbones, 0};
    case LateFusion::logits:
      return size_of({linear(backbones * classes, classes)});
    case LateFusion::maps:
      return size_of({linear(numbers, classes)});
    case LateFusion::none:
      break;
  }
  return {};
}

ModelSizing::Inputs ModelSizing::inputs(const MultimodalGenome& genome) const {
  Inputs found;
  for (std::size_t m = 0; m < spaces.size(); ++m) {
    const auto offered = fusion_inputs(spaces[m], genome.backbones.at(m), features.at(m));
    found.all.insert(found.all.end(), offered.begin(), offered.end());
    found.last.push_back(offered.back());
  }
  return found;
}

ModelSize ModelSizing::operator()(const MultimodalGenome& genome, const Genotype& genotype) const {
  ModelSize size;
  for (std::size_t m = 0; m < spaces.size(); ++m) size += backbone_size(spaces[m], genome.backbones.at(m), classes);
  const auto [all, last] = inputs(genome);
  if (genotype.late != LateFusion::none) return size += late_fusion_size(genotype.late, last, classes, positions);
  const int added = backbone_logits ? static_cast<int>(spaces.size()) : 0;
  return size += fusion_size(genotype, all, classes, channels, positions, added);
}

}  // namespace harmonic
