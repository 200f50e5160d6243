#include "core/hardware/cost_model.hpp"

#include <utility>

#include <fmt/compile.h>

#include "core/hardware/missing_rows.hpp"
#include "core/hardware/network_parts.hpp"

namespace harmonic {
namespace {

std::string mbconv_key(const Layer& layer) {
  // The published tables write the fixed first block, which has no expansion conv, as mid_ch 0.
  const bool fixed = layer.position < 0;
  return fmt::format(
      FMT_COMPILE("{8}MBConvLayer-input:1_{0}_{1}_{1}-in_ch:{0}-out_ch:{2}-mid_ch:{3}-expand:{4}-kernel:{5}-stride:{6}-"
                  "use_se:{7:d}"),
      layer.in_channels, layer.resolution, layer.out_channels, fixed ? 0 : layer.mid_channels, layer.expand,
      layer.kernel, layer.stride, layer.squeeze_excite, layer.fused ? "Fused" : "");
}

std::string conv_key(const Layer& layer) {
  return fmt::format(
      FMT_COMPILE("ConvLayer-input:1_{0}_{1}_{1}-in_ch:{0}-out_ch:{2}-kernel:{3}-stride:{4}-use_se:{5:d}-use_bn:{6:d}"),
      layer.in_channels, layer.resolution, layer.out_channels, layer.kernel, layer.stride, layer.squeeze_excite,
      layer.batch_norm);
}

/// The row of a key. @param networks that it is of, for the error where it is not there
template <class Networks>
CostPart part_of(const LookUpTable& table, std::string key, const Networks& networks) {
  const auto row = table.rows().find(key);
  if (row == table.rows().end()) throw lacking_rows(table, {key}, networks());
  return {std::move(key), row->second};
}

}  // namespace

std::string lut_key(const Layer& layer) {
  switch (layer.kind) {
    case Layer::Kind::conv:
      return conv_key(layer);
    case Layer::Kind::mbconv:
      return mbconv_key(layer);
    case Layer::Kind::linear:
      break;
  }
  return fmt::format("LinearLayer-input:{0}-in_ch:{0}-out_ch:{1}", layer.in_channels, layer.out_channels);
}

std::string maxout_key(const BackboneSpace& space) {
  return fmt::format("Maxout-input:{}-hidden:{}-blocks:{}-factor:{}-pool:{}", space.in_features, space.hidden,
                     space.blocks, space.factor, space.pool);
}

std::string fusion_key(const std::string& op, int channels, int positions) {
  return fmt::format("{0}-input:1_{1}_{2}-N:1-C:{1}-L:{2}", op, channels, positions);
}

std::vector<CostPart> backbone_cost(const LookUpTable& table, const BackboneSpace& space, const BackboneGenome& genome,
                                    int head_classes, CostScope scope) {
  std::vector<CostPart> parts;
  const auto networks = [&] { return PricedNetworks{.spaces = {space}, .head_classes = head_classes, .cost = scope}; };
  for (const auto& part : backbone_parts(space, genome, head_classes, scope))
    parts.push_back(part_of(table, lut_key(part), networks));
  return parts;
}

std::vector<CostPart> fusion_cost(const LookUpTable& table, const std::vector<std::string>& operators, int channels,
                                  int positions) {
  std::vector<CostPart> parts;
  const auto networks = [&] {
    return PricedNetworks{.spaces = {}, .operators = operators, .channels = channels, .positions = positions};
  };
  for (const auto& op : operators) parts.push_back(part_of(table, fusion_key(op, channels, positions), networks));
  return parts;
}

std::vector<CostPart> parts_cost(const LookUpTable& table, const std::vector<NetworkPart>& parts) {
  std::vector<CostPart> costs;
  for (const auto& part : parts) {
    auto key = lut_key(part);
    const Cost& cost = table.at(key);
    costs.push_back({std::move(key), cost});
  }
  return costs;
}

Cost total(const std::vector<CostPart>& parts) {
  Cost sum;
  for (const auto& part : parts) sum += part.cost;
  return sum;
}

std::vector<std::string> space_keys(const BackboneSpace& space, int head_classes, CostScope scope) {
  return lut_keys(space_parts(space, head_classes, scope));
}

}  // namespace harmonic
