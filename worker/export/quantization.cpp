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
/// Of the weights that are multiplied in whole numbers. Processors without dot products of bytes (x86 before AVX-VNNI)
/// add two products of a weight and 0 … 255 in 16 bits and cut off what is beyond: 2 * 255 * 64 just is not.
constexpr double kHighestWeight = 64;

/// Whether a node is computed in whole numbers: its second input is its weight, (out, …).
bool is_quantized(const GraphNode& node) {
  return node.op == "Conv" || node.op == "Gemm";
}

/// What a convolution is without being told: in a small file of whole numbers it would be a fiftieth.
void leave_out_defaults(GraphAttributes& convolution) {
  const std::map<std::string, GraphAttribute> defaults = {{"group", std::int64_t{1}},
                                                          {"pads", std::vector<std::int64_t>{0, 0, 0, 0}},
                                                          {"strides", std::vector<std::int64_t>{1, 1}}};
  std::erase_if(convolution, [&](const auto& attribute) {
    const auto found = defaults.find(attribute.first);
    return attribute.first == "kernel_shape" || (found != defaults.end() && found->second == attribute.second);
  });
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
    shorten_names();
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
  /// A name for what stands beside a value or constant, until shorten_names().
  std::string new_name() { return fmt::format("int8/{}", names_++); }

  /// Numbers in place of names, but of inputs and outputs: in whole numbers they would be a good part of a small file.
  /// The layers stand in the order that the file in float32 has, with their names.
  void shorten_names() {
    std::map<std::string, std::string> shorter;
    for (const auto& value : out_.inputs) shorter[value.name] = value.name;
    for (const auto& value : out_.outputs) shorter[value.name] = value.name;
    const auto taken = shorter;
    int next = 0;
    const auto shorten = [&](std::string& name) {
      if (name.empty()) return;  // an input that is left out
      std::string& own = shorter[name];
      while (own.empty() || (own != name && taken.contains(own))) own = fmt::format("{:x}", next++);
      name = own;
    };
    for (auto& constant : out_.constants) shorten(constant.name);
    for (auto& node : out_.nodes) {
      for (auto* names : {&node.inputs, &node.outputs}) std::ranges::for_each(*names, shorten);
      node.name.clear();
    }
  }

  /// The value as whole numbers and back, which is what everybody reads from here on.
  void add_steps(const std::string& value) {
    if (!chosen_.contains(value)) return;
    const Steps steps = steps_of(ranges_.of(value));
    const std::string scale = new_name(), whole = new_name(), back = new_name();
    add_constant(scale, torch::scalar_tensor(steps.scale, torch::kFloat32));
    std::string& zero = zeros_[steps.zero];  // many have the same: all that a ReLU gives
    if (zero.empty()) {
      zero = new_name();
      add_constant(zero, torch::scalar_tensor(steps.zero, torch::kInt8));
    }
    out_.nodes.push_back({"QuantizeLinear", whole, {value, scale, zero}, {whole}, {}});
    out_.nodes.push_back({"DequantizeLinear", back, {whole, scale, zero}, {back}, {}});
    renamed_[value] = back;
  }

  void add_node(const GraphNode& node) {
    GraphNode own = node;
    if (is_quantized(node)) {
      own.inputs[1] = add_weight(node.inputs[1], /*channels=*/true);
      if (node.op == "Conv") leave_out_defaults(own.attributes);
    } else if (node.op == "LayerNormalization") {
      for (std::size_t i = 1; i < own.inputs.size(); ++i) own.inputs[i] = add_weight(own.inputs[i], /*channels=*/false);
    }
    for (auto& input : own.inputs)
      if (const auto found = renamed_.find(input); found != renamed_.end()) input = found->second;
    out_.nodes.push_back(std::move(own));
    for (const auto& output : node.outputs) add_steps(output);
  }

  /// A constant as whole numbers under its own name. @param channels a scale for each of its first dimension, else one
  /// @return the value that it is again
  std::string add_weight(const std::string& name, bool channels) {
    const Tensor weight = to_tensor(*constants_.at(name));
    const Tensor largest = channels ? weight.flatten(1).abs().amax(1) : weight.abs().max();
    const double highest = channels ? kHighestWeight : kHighest;
    const Tensor scales = at::where(largest > 0, largest / highest, at::ones_like(largest));
    std::vector<std::int64_t> shape(static_cast<std::size_t>(weight.dim()), 1);
    shape[0] = -1;
    add_constant(name, at::round(weight / scales.view(shape)).clamp(-highest, highest).to(torch::kInt8));
    const std::string scale = new_name(), back = new_name();
    add_constant(scale, scales);
    GraphNode node{"DequantizeLinear", back, {name, scale}, {back}, {}};
    if (channels) node.attributes["axis"] = std::int64_t{0};
    out_.nodes.push_back(std::move(node));
    replaced_.insert(name);
    return back;
  }

  const NetworkGraph& given_;
  const ValueRanges& ranges_;
  std::map<std::string, const GraphConstant*> constants_;
  std::map<std::string, std::vector<const GraphNode*>> readers_;  ///< by value
  std::set<std::string> chosen_;                                  ///< values that become whole numbers
  std::set<std::string> replaced_;                                ///< constants that do
  std::map<std::string, std::string> renamed_;                    ///< values by what stands for them now
  std::map<std::int8_t, std::string> zeros_;                      ///< constants
  int names_ = 0;                                                 ///< made so far
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
