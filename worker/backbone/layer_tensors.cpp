#include "worker/backbone/layer_tensors.hpp"

#include <algorithm>
#include <functional>
#include <string>

#include <fmt/format.h>

#include "core/space/layers.hpp"
#include "worker/backbone/supernet.hpp"

namespace harmonic {
namespace {

BatchNormView norm_of(const Supernet& supernet, const std::string& module) {
  return {supernet.tensor(module + ".weight"), supernet.tensor(module + ".bias"),
          supernet.tensor(module + ".running_mean"), supernet.tensor(module + ".running_var")};
}

LayerTensors bind_maxout(const Supernet& supernet) {
  LayerTensors found;
  for (int index = 0; index <= supernet.space().blocks; ++index) {
    auto& layer = found.maxout.emplace_back();
    if (index > 0) layer.norm = norm_of(supernet, maxout_norm_name(index));
    const std::string linear = maxout_linear_name(index, index == supernet.space().blocks);
    layer.weight = supernet.tensor(linear + ".weight");
    layer.bias = supernet.tensor(linear + ".bias");
  }
  return found;
}

BlockTensors bind_fixed_block(const Supernet& supernet, const Layer& layer) {
  const std::string block = "blocks.0.conv.";
  return {
      .depthwise = {supernet.tensor(block + "depth_conv.conv.weight"), {layer.kernel}, {}},
      .depthwise_norm = norm_of(supernet, block + "depth_conv.bn"),
      .project = {supernet.tensor(block + "point_linear.conv.weight"), norm_of(supernet, block + "point_linear.bn")}};
}

BlockTensors bind_block(const Supernet& supernet, const Layer& layer) {
  const std::string block = fmt::format("blocks.{}.conv.", layer.position + 1);
  const auto conv = [&](const std::string& part) {
    return ConvTensors{supernet.tensor(block + part + ".conv.conv.weight"), norm_of(supernet, block + part + ".bn.bn")};
  };
  BlockTensors found;
  found.expand = conv("inverted_bottleneck");
  const auto depthwise = conv("depth_conv");
  found.depthwise = {depthwise.weight, supernet.space().kernels, {}};
  found.depthwise_norm = depthwise.norm;
  auto& sides = found.depthwise.sides;
  std::ranges::sort(sides, std::greater{});
  for (std::size_t i = 0; i + 1 < sides.size(); ++i)
    found.depthwise.matrices.push_back(
        supernet.tensor(block + "depth_conv.conv." + kernel_matrix_name(sides[i], sides[i + 1])));
  if (layer.squeeze_excite) {
    const std::string fc = block + "depth_conv.se.fc.";
    found.reduce = supernet.tensor(fc + "reduce.weight");
    found.reduce_bias = supernet.tensor(fc + "reduce.bias");
    found.excite = supernet.tensor(fc + "expand.weight");
    found.excite_bias = supernet.tensor(fc + "expand.bias");
  }
  found.project = conv("point_linear");
  if (std::ranges::any_of(supernet.space().expands, [](int expand) { return expand < 0; })) {
    found.fused = conv("fused_conv");
    found.fused_project = conv("fused_linear");
  }
  return found;
}

}  // namespace

BatchNormView BatchNormView::first(std::int64_t channels) const {
  return {first_slices(weight, 0, channels), first_slices(bias, 0, channels), first_slices(mean, 0, channels),
          first_slices(variance, 0, channels)};
}

LayerTensors bind_layers(const Supernet& supernet) {
  if (supernet.space().family == BackboneSpace::Family::maxout) return bind_maxout(supernet);
  LayerTensors found;
  found.first = {supernet.tensor("first_conv.conv.weight"), norm_of(supernet, "first_conv.bn")};
  found.blocks.resize(supernet.space().stages.size() * BackboneSpace::kMaxDepth + 1);
  for (const auto& layer : backbone_layers(supernet.space(), largest_genome(supernet.space()), supernet.classes()))
    if (layer.kind == Layer::Kind::mbconv)
      found.blocks.at(static_cast<std::size_t>(layer.position + 1)) =
          layer.position < 0 ? bind_fixed_block(supernet, layer) : bind_block(supernet, layer);
  found.final_expand = {supernet.tensor("final_expand_layer.conv.weight"), norm_of(supernet, "final_expand_layer.bn")};
  found.feature_mix = supernet.tensor("feature_mix_layer.conv.weight");
  found.classifier = supernet.tensor("classifier.linear.weight");
  found.classifier_bias = supernet.tensor("classifier.linear.bias");
  return found;
}

torch::Tensor depthwise_kernel(const ElasticKernels& kernels, std::int64_t channels, int side) {
  auto kernel = first_slices(kernels.largest, 0, channels);
  for (std::size_t i = 0; kernels.sides.at(i) > side; ++i) {
    const int from = kernels.sides[i], to = kernels.sides.at(i + 1), margin = (from - to) / 2;
    const auto centre = kernel.narrow(2, margin, to).narrow(3, margin, to).reshape({channels, to * to});
    kernel = torch::linear(centre, kernels.matrices[i]).view({channels, 1, to, to});
  }
  return kernel;
}

torch::Tensor first_slices(const torch::Tensor& tensor, std::int64_t dimension, std::int64_t length) {
  return tensor.size(dimension) == length ? tensor : tensor.narrow(dimension, 0, length);
}

}  // namespace harmonic
