#include "core/space/layers.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

int strided(int side, int stride) {
  return (side + stride - 1) / stride;
}

std::vector<Layer> backbone_layers(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  std::vector<Layer> layers;
  if (space.family == BackboneSpace::Family::maxout) return layers;
  using Kind = Layer::Kind;
  int side = space.resolution;
  const int first = space.scaled(space.first_width);
  layers.push_back({.kind = Kind::conv,
                    .in_channels = space.in_channels,
                    .out_channels = first,
                    .kernel = 3,
                    .stride = 2,
                    .resolution = side,
                    .activation = space.fixed_activation});
  side = strided(side, 2);
  layers.push_back({.kind = Kind::mbconv,
                    .in_channels = first,
                    .out_channels = first,
                    .mid_channels = first,
                    .kernel = 3,
                    .resolution = side,
                    .activation = Activation::relu,
                    .shortcut = true});
  int channels = first;
  for (std::size_t s = 0; s < space.stages.size(); ++s) {
    const StageSpec& stage = space.stages[s];
    for (int block = 0; block < genome.depth[s]; ++block) {
      const auto position = s * BackboneSpace::kMaxDepth + static_cast<std::size_t>(block);
      const int stride = block == 0 ? stage.stride : 1;
      const bool fused = genome.expand[position] < 0;
      const int expand = std::abs(genome.expand[position]);
      layers.push_back({.kind = Kind::mbconv,
                        .in_channels = channels,
                        .out_channels = space.scaled(stage.width),
                        .mid_channels = make_divisible(std::round(channels * static_cast<double>(expand)), 8),
                        .expand = expand,
                        .kernel = genome.kernel[position],
                        .stride = stride,
                        .resolution = side,
                        .activation = stage.activation,
                        .squeeze_excite = stage.squeeze_excite,
                        .shortcut = block > 0,
                        .fused = fused,
                        .position = static_cast<int>(position)});
      side = strided(side, stride);
      channels = layers.back().out_channels;
    }
  }
  const int expanded = space.scaled(space.final_expand);
  const int mixed = space.scaled(space.feature_mix);
  layers.push_back({.kind = Kind::conv,
                    .in_channels = channels,
                    .out_channels = expanded,
                    .resolution = side,
                    .activation = space.fixed_activation});
  layers.push_back({.kind = Kind::conv,
                    .in_channels = expanded,
                    .out_channels = mixed,
                    .resolution = 1,
                    .activation = space.fixed_activation,
                    .batch_norm = false});
  layers.push_back({.kind = Kind::linear, .in_channels = mixed, .out_channels = classes, .resolution = 1});
  return layers;
}

int feature_count(const BackboneSpace& space, const BackboneGenome& genome) {
  if (space.family == BackboneSpace::Family::maxout) return space.blocks + 1;
  return 3 + std::accumulate(genome.depth.begin(), genome.depth.end(), 0);
}

std::vector<int> offered_features(int n, int k) {
  const int offset = k > 0 ? (n - 1) / k : 0;
  if (offset < 1)
    throw InputError(fmt::format("a backbone with {} features cannot offer {} to fusion", n, k),
                     fmt::format("ask for {} at most", std::max(n - 1, 1)));
  std::vector<int> chosen;
  for (int i = 0; i < k; ++i) chosen.push_back(n - 2 - offset * i);
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

int most_offered(const BackboneSpace& space) {
  return feature_count(space, smallest_genome(space)) - 1;  // the last is the logits
}

std::vector<int> feature_channels(const BackboneSpace& space, const BackboneGenome& genome, int classes) {
  std::vector<int> channels;
  if (space.family == BackboneSpace::Family::maxout) {
    for (int b = 0, width = space.hidden; b < space.blocks; ++b, width *= space.factor) channels.push_back(width);
  } else {
    const auto layers = backbone_layers(space, genome, classes);
    for (std::size_t i = 0; i + 3 < layers.size(); ++i) channels.push_back(layers[i].out_channels);
  }
  channels.push_back(classes);
  return channels;
}

}  // namespace harmonic
