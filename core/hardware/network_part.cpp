#include "core/hardware/network_part.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <map>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/kernel_parts.hpp"

namespace harmonic {
namespace {

/// "1_24_14_14" of a map, "1_128" of a vector.
std::string shape_text(const NetworkPart& part) {
  return part.side > 0 ? fmt::format("1_{0}_{1}_{1}", part.in_channels, part.side)
                       : fmt::format("1_{}", part.in_channels);
}

double elements_of(const NetworkPart& part) {
  return static_cast<double>(part.in_channels) * (part.side > 0 ? part.side * part.side : 1);
}

/// Largest of every window of a map; nothing where map and windows are of one size.
std::vector<Kernel> pooling(const NetworkPart& part) {
  const double numbers = static_cast<double>(part.in_channels) * part.positions;
  if (part.side * part.side == part.positions) return {};
  return {{elements_of(part), kFloatBytes * (elements_of(part) + numbers)}};
}

std::vector<Kernel> reshape_kernels(const NetworkPart& part) {
  const double state = static_cast<double>(part.channels) * part.positions;
  const bool vector = part.side == 0;
  auto kernels = vector ? std::vector<Kernel>{} : pooling(part);
  kernels.push_back(linear(part.in_channels, part.channels, vector ? 1 : part.positions));
  kernels.push_back(elementwise(vector ? part.channels : state, kReluFlops));
  if (vector) kernels.push_back(elementwise(state, 0));
  return kernels;
}

std::vector<Kernel> head_kernels(const NetworkPart& part) {
  const double joined = static_cast<double>(part.count) * part.channels * part.positions;
  std::vector<Kernel> kernels;
  if (part.count > 1) kernels.push_back(elementwise(joined, 0));
  kernels.push_back(normalisation(joined, kLayerNormFlops, 2 * joined));
  kernels.push_back(elementwise(joined, kReluFlops));
  kernels.push_back(linear(joined, part.classes));
  return kernels;
}

/// The numbers of a published key by their names; "side" is the last of the input's.
class KeyNumbers {
 public:
  explicit KeyNumbers(const std::string& key) {
    for (const auto& field : split(key, '-')) {
      const auto colon = field.find(':');
      if (colon == std::string::npos) continue;
      const auto name = field.substr(0, colon), value = field.substr(colon + 1);
      if (name == "input" && value.find('_') != std::string::npos) put("side", value.substr(value.rfind('_') + 1));
      put(name, value);
    }
  }
  [[nodiscard]] bool has(std::initializer_list<const char*> names) const {
    return std::ranges::all_of(names, [&](const char* name) { return numbers_.contains(name); });
  }
  [[nodiscard]] int operator[](const char* name) const { return numbers_.at(name); }

 private:
  void put(const std::string& name, const std::string& text) {
    int number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc() && end == text.data() + text.size() && number >= 0) numbers_[name] = number;
  }

  std::map<std::string, int> numbers_;
};

}  // namespace

std::string lut_key(const NetworkPart& part) {
  using Kind = NetworkPart::Kind;
  switch (part.kind) {
    case Kind::layer:
      return lut_key(part.layer);
    case Kind::maxout:
      return maxout_key(part.space);
    case Kind::fusion_operator:
      return fusion_key(part.op, part.channels, part.positions);
    case Kind::global_pool:
      return fmt::format("GlobalPool-input:{}", shape_text(part));
    case Kind::residual_add:
      return fmt::format("ResidualAdd-input:{}", shape_text(part));
    case Kind::reshape:
      return fmt::format("ReshapeLayer-input:{}-out_ch:{}-L:{}", shape_text(part), part.channels, part.positions);
    case Kind::cell_norm:
      return fmt::format("CellNorm-input:1_{}_{}", part.channels, part.positions);
    case Kind::fusion_head:
      return fmt::format("FusionHead-states:{}-input:1_{}_{}-classes:{}", part.count, part.channels, part.positions,
                         part.classes);
    case Kind::scaled_addition:
      return fmt::format("AddLogits-input:1_{}", part.classes);
    case Kind::late_sum:
      return fmt::format("LateSum-backbones:{}-input:1_{}", part.count, part.classes);
    case Kind::late_logits:
      return fmt::format("LateLogits-backbones:{}-input:1_{}", part.count, part.classes);
    case Kind::late_pool:
      return fmt::format("LatePool-input:{}-L:{}", shape_text(part), part.positions);
    case Kind::late_maps:
      break;
  }
  return fmt::format("LateMaps-input:{}-classes:{}", shape_text(part), part.classes);
}

std::optional<NetworkPart> parse_published_key(const std::string& key) {
  const KeyNumbers numbers(key);
  const auto kind = key_kind(key);
  if (kind == "LinearLayer" && numbers.has({"in_ch", "out_ch"}))
    return NetworkPart{
        .layer = {.kind = Layer::Kind::linear, .in_channels = numbers["in_ch"], .out_channels = numbers["out_ch"]}};
  if (kind == "ConvLayer" && numbers.has({"in_ch", "out_ch", "kernel", "stride", "side", "use_bn"}))
    return NetworkPart{.layer = {.kind = Layer::Kind::conv,
                                 .in_channels = numbers["in_ch"],
                                 .out_channels = numbers["out_ch"],
                                 .kernel = numbers["kernel"],
                                 .stride = numbers["stride"],
                                 .resolution = numbers["side"],
                                 .batch_norm = numbers["use_bn"] != 0}};
  const bool fused_block = kind == "FusedMBConvLayer";
  if ((kind == "MBConvLayer" || fused_block) &&
      numbers.has({"in_ch", "out_ch", "mid_ch", "expand", "kernel", "stride", "side", "use_se"})) {
    const bool fixed = numbers["mid_ch"] == 0;  // the first block
    return NetworkPart{.layer = {.kind = Layer::Kind::mbconv,
                                 .in_channels = numbers["in_ch"],
                                 .out_channels = numbers["out_ch"],
                                 .mid_channels = fixed ? numbers["in_ch"] : numbers["mid_ch"],
                                 .expand = numbers["expand"],
                                 .kernel = numbers["kernel"],
                                 .stride = numbers["stride"],
                                 .resolution = numbers["side"],
                                 .squeeze_excite = numbers["use_se"] != 0,
                                 .fused = fused_block,
                                 .position = fixed ? -1 : 0}};
  }
  const auto& operators = fusion_operator_table();
  if (std::ranges::find(operators, kind, &FusionOperatorRow::name) != operators.end() && numbers.has({"C", "L"}))
    return NetworkPart{
        .kind = NetworkPart::Kind::fusion_operator, .op = kind, .channels = numbers["C"], .positions = numbers["L"]};
  return std::nullopt;
}

std::string key_kind(const std::string& key) {
  return key.substr(0, key.find('-'));
}

std::vector<Kernel> part_kernels(const NetworkPart& part) {
  using Kind = NetworkPart::Kind;
  const double state = static_cast<double>(part.channels) * part.positions;
  switch (part.kind) {
    case Kind::layer:
      return layer_kernels(part.layer);
    case Kind::maxout:
      return maxout_kernels(part.space);
    case Kind::fusion_operator:
      return fusion_kernels(part.op, part.channels, part.positions);
    case Kind::global_pool:
      return {{elements_of(part), kFloatBytes * (elements_of(part) + part.in_channels)}};
    case Kind::residual_add:
      return {elementwise(elements_of(part), 1, 2)};
    case Kind::reshape:
      return reshape_kernels(part);
    case Kind::cell_norm:
      return {elementwise(state, 1, 2), normalisation(state, kLayerNormFlops, 2 * state)};
    case Kind::fusion_head:
      return head_kernels(part);
    case Kind::scaled_addition:
      return {elementwise(part.classes, 1, 1, 1), elementwise(part.classes, 1, 2)};
    case Kind::late_sum:
      return std::vector<Kernel>(static_cast<std::size_t>(2 * part.count - 1), elementwise(part.classes, 1, 1, 1));
    case Kind::late_logits: {
      const double joined = static_cast<double>(part.count) * part.classes;
      return {elementwise(joined, 0), linear(joined, part.classes)};
    }
    case Kind::late_pool: {
      auto kernels = pooling(part);
      if (kernels.empty()) kernels.push_back(elementwise(elements_of(part), 0));
      return kernels;
    }
    case Kind::late_maps:
      break;
  }
  return {elementwise(part.in_channels, 0), linear(part.in_channels, part.classes)};
}

}  // namespace harmonic
