#include "worker/profile/untrained_networks.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "worker/backbone/subnet.hpp"
#include "worker/export/backbone_graph.hpp"
#include "worker/export/fusion_graph.hpp"
#include "worker/export/model_graph.hpp"
#include "worker/fusion/derived_network.hpp"

namespace harmonic {
namespace {

using Value = GraphBuilder::Value;

std::vector<std::int64_t> shape_of(const FusionInput& feature) {
  if (feature.vector) return {feature.channels};
  return {feature.channels, feature.side, feature.side};
}

/// Weights of a fusion by their names.
TensorMap fusion_tensors(const ModelSizing& sizing, const std::vector<FusionInput>& all,
                         const std::vector<FusionInput>& last, const Genotype& genotype) {
  const auto backbones = static_cast<std::int64_t>(last.size());
  std::int64_t numbers = backbones * sizing.classes;
  switch (genotype.late) {
    case LateFusion::none:
      break;
    case LateFusion::sum:
      return {{"late.temperatures", torch::ones({backbones})}};
    case LateFusion::maps:
      numbers = 0;
      for (const auto& feature : last) numbers += feature.channels * (feature.vector ? 1 : sizing.positions);
      [[fallthrough]];
    case LateFusion::logits:
      return {{"late.weight", torch::randn({sizing.classes, numbers}) / std::sqrt(static_cast<double>(numbers))},
              {"late.bias", torch::zeros({sizing.classes})}};
  }
  std::vector<int> channels;
  for (const auto& feature : all) channels.push_back(feature.channels);
  return DerivedNetwork(genotype, channels, sizing.classes, {sizing.channels, sizing.positions},
                        sizing.backbone_logits ? static_cast<int>(backbones) : 0)
      .tensors();
}

TensorMap backbone_tensors(const Supernet& supernet, const BackboneGenome& genome) {
  TensorMap tensors;
  for (const auto& [name, tensor] : Subnet(supernet, genome).state()) tensors[name] = tensor;
  return tensors;
}

Value fusion_value(GraphBuilder& graph, const ModelSizing& sizing, const std::vector<FusionInput>& all,
                   const std::vector<FusionInput>& last, const Genotype& genotype, const FusionValues& values) {
  const int side = static_cast<int>(std::lround(std::sqrt(sizing.positions)));
  return add_fusion(graph, genotype, values, fusion_tensors(sizing, all, last, genotype),
                    {sizing.channels, sizing.positions}, side, reads_logits(genotype, sizing.backbone_logits));
}

}  // namespace

UntrainedNetworks::UntrainedNetworks(ModelSizing sizing) : sizing_(std::move(sizing)) {
  const torch::NoGradGuard no_grad;
  for (const auto& space : sizing_.spaces) supernets_.emplace_back(space, sizing_.classes, Seed{1});
}

NetworkGraph UntrainedNetworks::backbone(int modality, const BackboneGenome& genome) const {
  const torch::NoGradGuard no_grad;
  const auto& supernet = supernets_.at(static_cast<std::size_t>(modality));
  const auto shape = sample_shape(supernet.space());
  GraphBuilder graph(supernet.space().name);
  const auto name = fmt::format("m{}", modality);
  const Value x = graph.input(name, NumberType::float32, {shape.begin(), shape.end()});
  const auto values = add_backbone(graph, supernet.space(), genome, sizing_.classes, backbone_tensors(supernet, genome),
                                   x, name, {{}, true});
  graph.output(values.logits, kLogits, {sizing_.classes});
  return std::move(graph).graph();
}

NetworkGraph UntrainedNetworks::model(const MultimodalGenome& genome, const Genotype& genotype) const {
  const torch::NoGradGuard no_grad;
  const auto [all, last] = sizing_.inputs(genome);
  GraphBuilder graph("harmonic");
  FusionValues values;
  for (std::size_t m = 0; m < supernets_.size(); ++m) {
    const auto& space = sizing_.spaces[m];
    const auto name = fmt::format("m{}", m);
    const auto shape = sample_shape(space);
    const Value x = graph.input(name, NumberType::float32, {shape.begin(), shape.end()});
    const auto& own = genome.backbones.at(m);
    const auto offered = offered_features(feature_count(space, own), sizing_.features.at(m));
    values.last.push_back(static_cast<int>(values.inputs.size() + offered.size()) - 1);
    const NeededOutputs needed{{offered.begin(), offered.end()}, true};
    auto found =
        add_backbone(graph, space, own, sizing_.classes, backbone_tensors(supernets_[m], own), x, name, needed);
    for (const int feature : offered) values.inputs.push_back(found.features[feature]);
    values.logits.push_back(found.logits);
  }
  const auto read = read_inputs(genotype, values.last);
  for (std::size_t i = 0; i < values.inputs.size(); ++i)
    if (!read.contains(static_cast<int>(i))) values.inputs[i] = {};
  const Value result = fusion_value(graph, sizing_, all, last, genotype, values);
  graph.output(result, kLogits, {sizing_.classes});
  for (std::size_t m = 0; m < values.logits.size() && !reads_logits(genotype, sizing_.backbone_logits); ++m)
    graph.output(values.logits[m], fmt::format("{}_m{}", kLogits, m), {sizing_.classes});
  return std::move(graph).graph();
}

NetworkGraph UntrainedNetworks::fusion(const ModelSizing& sizing, const std::vector<FusionInput>& all,
                                       const std::vector<FusionInput>& last, const Genotype& genotype) {
  const torch::NoGradGuard no_grad;
  GraphBuilder graph("fusion");
  FusionValues values;
  for (std::size_t m = 0; m < last.size(); ++m) values.last.push_back(static_cast<int>(all.size() - last.size() + m));
  const auto read = read_inputs(genotype, values.last);
  for (std::size_t i = 0; i < all.size(); ++i) {
    GraphFeature feature;
    if (read.contains(static_cast<int>(i)))
      feature = {graph.input(fmt::format("feature_{}", i), NumberType::float32, shape_of(all[i])), all[i].channels,
                 all[i].side};
    values.inputs.push_back(feature);
  }
  for (std::size_t m = 0; m < last.size() && reads_logits(genotype, sizing.backbone_logits); ++m)
    values.logits.push_back(graph.input(fmt::format("logits_{}", m), NumberType::float32, {sizing.classes}));
  const Value result = fusion_value(graph, sizing, all, last, genotype, values);
  graph.output(result, kLogits, {sizing.classes});
  return std::move(graph).graph();
}

}  // namespace harmonic
