#include "worker/export/quantization.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "worker/export/graph_tensors.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

constexpr double kLowest = -128, kHighest = 127;  ///< of int8

/// Whether a node is computed in whole numbers: its second input is its weight, (out, …), its third its bias.
bool is_quantized(const GraphNode& node) {
  return node.op == "Conv" || node.op == "Gemm";
}

/// How a value becomes whole numbers.
struct Steps {
  float scale = 1;
  std::int8_t zero = 0;
};

Steps steps_of(const ValueRanges::Range& range) {
  const double width = static_cast<double>(range.highest) - range.lowest;
  if (!(width > 0)) return {};
  const double scale = width / (kHighest - kLowest);
  return {static_cast<float>(scale),
          static_cast<std::int8_t>(std::clamp(std::round(kLowest - range.lowest / scale), kLowest, kHighest))};
}

/// A graph on its way to whole numbers.
class Quantizer {
 public:
  Quantizer(const NetworkGraph& graph, const ValueRanges& ranges) : given_(graph), ranges_(ranges) {
    for (const auto& constant : graph.constants) constants_[constant.name] = &constant;
    for (const auto& node : graph.nodes)
      for (const auto& input : node.inputs) readers_[input].push_back(&node);
  }

  NetworkGraph result() && {
    out_.name = given_.name;
    out_.inputs = given_.inputs;
    out_.outputs = given_.outputs;
    out_.metadata = given_.metadata;
    for (const auto& node : given_.nodes) choose_values(node);
    for (const auto& input : given_.inputs) add_steps(input.name);
    for (const auto& node : given_.nodes) add_node(node);
    for (const auto& constant : given_.constants)
      if (!replaced_.contains(constant.name)) out_.constants.push_back(constant);
    return std::move(out_);
  }

 private:
  /// What goes into a layer, and what a convolution gives: behind a ReLU where that alone reads it.
  void choose_values(const GraphNode& node) {
    if (!is_quantized(node)) return;
    chosen_.insert(node.inputs[0]);
    if (node.op != "Conv") return;
    const auto& readers = readers_[node.outputs[0]];
    const bool before_relu = readers.size() == 1 && readers[0]->op == "Relu";
    chosen_.insert(before_relu ? readers[0]->outputs[0] : node.outputs[0]);
  }

  void add_constant(const std::string& name, const Tensor& tensor) {
    out_.constants.push_back(to_constant(name, tensor));
  }

  /// The value as whole numbers and back, which is what everybody reads from here on.
  void add_steps(const std::string& value) {
    if (!chosen_.contains(value)) return;
    const Steps steps = steps_of(ranges_.of(value));
    const std::string scale = value + "/scale", zero = value + "/zero_point", whole = value + "/int8";
    add_constant(scale, torch::scalar_tensor(steps.scale, torch::kFloat32));
    add_constant(zero, torch::scalar_tensor(steps.zero, torch::kInt8));
    const std::string back = value + "/from_int8";
    out_.nodes.push_back({"QuantizeLinear", whole, {value, scale, zero}, {whole}, {}});
    out_.nodes.push_back({"DequantizeLinear", back, {whole, scale, zero}, {back}, {}});
    renamed_[value] = back;
  }

  void add_node(const GraphNode& node) {
    GraphNode own = node;
    if (is_quantized(node)) {
      const Tensor scales = add_weight(own);
      if (own.inputs.size() > 2) add_bias(own, scales * steps_of(ranges_.of(node.inputs[0])).scale);
    } else if (node.op == "LayerNormalization") {
      for (std::size_t i = 1; i < own.inputs.size(); ++i) own.inputs[i] = add_half(own.inputs[i]);
    }
    for (auto& input : own.inputs)
      if (const auto found = renamed_.find(input); found != renamed_.end()) input = found->second;
    out_.nodes.push_back(std::move(own));
    for (const auto& output : node.outputs) add_steps(output);
  }

  /// @return (out) the scale of every output channel
  Tensor add_weight(GraphNode& node) {
    const std::string name = node.inputs[1];
    const Tensor weight = to_tensor(*constants_.at(name));
    const Tensor largest = weight.flatten(1).abs().amax(1);
    const Tensor scales = at::where(largest > 0, largest / kHighest, at::ones_like(largest));
    std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
    shape[0] = -1;
    add_dequantized(name, at::round(weight / scales.view(shape)).clamp(-kHighest, kHighest).to(torch::kInt8), scales);
    node.inputs[1] = name + "/from_int8";
    return scales;
  }

  void add_bias(GraphNode& node, const Tensor& scales) {
    const std::string name = node.inputs[2];
    const Tensor bias = to_tensor(*constants_.at(name)).to(torch::kFloat64);
    const Tensor steps = at::round(bias / scales.to(torch::kFloat64)).clamp(-2147483647.0, 2147483647.0);
    add_dequantized(name, steps.to(torch::kInt32), scales);
    node.inputs[2] = name + "/from_int32";
  }

  /// Constant `name` as whole numbers, with a scale for each of its first dimension.
  void add_dequantized(const std::string& name, const Tensor& whole, const Tensor& scales) {
    const bool bytes = whole.scalar_type() == torch::kInt8;
    const std::string kind = bytes ? "int8" : "int32", stored = fmt::format("{}/{}", name, kind);
    const std::string back = fmt::format("{}/from_{}", name, kind);
    add_constant(stored, whole);
    add_constant(stored + "/scale", scales.to(torch::kFloat32));
    std::vector<std::string> inputs = {stored, stored + "/scale"};
    if (bytes) {
      add_constant(stored + "/zero_point", torch::zeros({scales.size(0)}, torch::kInt8));
      inputs.push_back(stored + "/zero_point");
    }
    out_.nodes.push_back({"DequantizeLinear", back, std::move(inputs), {back}, {{"axis", std::int64_t{0}}}});
    replaced_.insert(name);
  }

  /// Constant `name` stored in half the bytes. @return the value that it becomes
  std::string add_half(const std::string& name) {
    const std::string stored = name + "/float16", back = name + "/from_float16";
    if (!replaced_.insert(name).second) return back;
    add_constant(stored, to_tensor(*constants_.at(name)).to(torch::kFloat16));
    out_.nodes.push_back({"Cast", back, {stored}, {back}, {{"to", static_cast<std::int64_t>(NumberType::float32)}}});
    return back;
  }

  const NetworkGraph& given_;
  const ValueRanges& ranges_;
  std::map<std::string, const GraphConstant*> constants_;
  std::map<std::string, std::vector<const GraphNode*>> readers_;  ///< by value
  std::set<std::string> chosen_;                                  ///< values that become whole numbers
  std::set<std::string> replaced_;                                ///< constants that do
  std::map<std::string, std::string> renamed_;                    ///< values by what stands for them now
  NetworkGraph out_;
};

}  // namespace

void ValueRanges::add(const std::string& value, const Tensor& numbers) {
  if (!numbers.is_floating_point()) return;
  Range& range = ranges_[value];
  range.lowest = std::min(range.lowest, numbers.min().item<float>());
  range.highest = std::max(range.highest, numbers.max().item<float>());
}

const ValueRanges::Range& ValueRanges::of(const std::string& value) const {
  const auto found = ranges_.find(value);
  if (found == ranges_.end()) throw RunError(fmt::format("no calibration sample gave the value {} a number", value));
  return found->second;
}

NetworkGraph quantized(const NetworkGraph& graph, const ValueRanges& ranges) {
  return Quantizer(graph, ranges).result();
}

}  // namespace harmonic
