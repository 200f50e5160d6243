#include "worker/export/graph_runner.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <torch/utils.h>

#include "core/base/error.hpp"
#include "worker/export/graph_tensors.hpp"

namespace harmonic {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;

/// A node's attributes, with ONNX's defaults for those that are not given.
class Attributes {
 public:
  explicit Attributes(const GraphNode& node) : attributes_(node.attributes) {}
  [[nodiscard]] std::int64_t integer(const char* name, std::int64_t otherwise) const { return get(name, otherwise); }
  [[nodiscard]] double real(const char* name, float otherwise) const { return get(name, otherwise); }
  [[nodiscard]] std::vector<std::int64_t> integers(const char* name, std::vector<std::int64_t> otherwise) const {
    return get(name, std::move(otherwise));
  }

 private:
  template <class T>
  [[nodiscard]] T get(const char* name, T otherwise) const {
    const auto found = attributes_.find(name);
    return found == attributes_.end() ? otherwise : std::get<T>(found->second);
  }
  const GraphAttributes& attributes_;
};

std::vector<std::int64_t> numbers_of(const Tensor& tensor) {
  const auto values = tensor.contiguous();
  return {values.const_data_ptr<std::int64_t>(), values.const_data_ptr<std::int64_t>() + values.numel()};
}

Tensor conv(const Attributes& node, const Tensors& in) {
  const auto pads = node.integers("pads", {0, 0, 0, 0}), strides = node.integers("strides", {1, 1});
  const Tensor padded = at::constant_pad_nd(in[0], {pads[1], pads[3], pads[0], pads[2]});
  const std::vector<std::int64_t> none = {0, 0}, undilated = {1, 1};
  return at::conv2d(padded, in[1], in.size() > 2 ? in[2] : Tensor(), strides, at::IntArrayRef(none), undilated,
                    node.integer("group", 1));
}

Tensor gemm(const Attributes& node, const Tensors& in) {
  const Tensor product = at::matmul(in[0], node.integer("transB", 0) != 0 ? in[1].t() : in[1]);
  return in.size() > 2 ? product + in[2] : product;
}

Tensor gather(const Attributes& node, const Tensors& in) {
  const auto axis = node.integer("axis", 0);
  auto shape = in[0].sizes().vec();
  const auto place = shape.erase(shape.begin() + axis);
  shape.insert(place, in[1].sizes().begin(), in[1].sizes().end());
  return in[0].index_select(axis, in[1].flatten()).view(shape);
}

Tensor reshape(const Tensors& in) {
  auto shape = numbers_of(in[1]);
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0) shape[i] = in[0].size(static_cast<std::int64_t>(i));
  return in[0].reshape(shape);
}

Tensor expand(const Tensors& in) {
  const Tensor one = at::ones(numbers_of(in[1]), in[0].options());
  return (in[0] * one).contiguous();
}

Tensor layer_norm(const Attributes& node, const Tensors& in) {
  const auto sizes = in[0].sizes().slice(static_cast<std::size_t>(node.integer("axis", -1)));
  return at::layer_norm(in[0], sizes, in[1], in.size() > 2 ? in[2] : Tensor(), node.real("epsilon", 1e-5F), false);
}

/// Scales and zero points lie along an axis, or are one number.
Tensor along(const Attributes& node, const Tensor& numbers, const Tensor& x) {
  if (numbers.numel() == 1) return numbers.flatten()[0].to(torch::kFloat32);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape.at(static_cast<std::size_t>(node.integer("axis", 1))) = -1;
  return numbers.to(torch::kFloat32).view(shape);
}

Tensor quantize(const Attributes& node, const Tensors& in) {
  const auto type = in[2].scalar_type();
  const double lowest = type == torch::kInt8 ? -128 : 0, highest = type == torch::kInt8 ? 127 : 255;
  const Tensor steps = at::round(in[0] / along(node, in[1], in[0])) + along(node, in[2], in[0]);
  return steps.clamp(lowest, highest).to(type);
}

Tensor dequantize(const Attributes& node, const Tensors& in) {
  Tensor x = in[0].to(torch::kFloat32);
  if (in.size() > 2) x = x - along(node, in[2], x);
  return x * along(node, in[1], x);
}

NumberType number_type(std::int64_t code) {
  return static_cast<NumberType>(code);
}

using Operation = std::function<Tensors(const Attributes&, const Tensors&)>;

/// Of one output.
template <class Body>
Operation one(Body body) {
  return [body](const Attributes& node, const Tensors& in) -> Tensors { return {body(node, in)}; };
}

const std::map<std::string, Operation>& operations() {
  static const std::map<std::string, Operation> table = {
      {"Add", one([](const auto&, const auto& in) { return in[0] + in[1]; })},
      {"Sub", one([](const auto&, const auto& in) { return in[0] - in[1]; })},
      {"Mul", one([](const auto&, const auto& in) { return in[0] * in[1]; })},
      {"Div", one([](const auto&, const auto& in) { return in[0] / in[1]; })},
      {"MatMul", one([](const auto&, const auto& in) { return at::matmul(in[0], in[1]); })},
      {"Relu", one([](const auto&, const auto& in) { return at::relu(in[0]); })},
      {"Sigmoid", one([](const auto&, const auto& in) { return at::sigmoid(in[0]); })},
      {"Tanh", one([](const auto&, const auto& in) { return at::tanh(in[0]); })},
      {"Softplus", one([](const auto&, const auto& in) { return at::softplus(in[0]); })},
      {"HardSwish", one([](const auto&, const auto& in) { return in[0] * (in[0] / 6 + 0.5).clamp(0, 1); })},
      {"HardSigmoid", one([](const auto& node, const auto& in) {
         return (in[0] * node.real("alpha", 0.2F) + node.real("beta", 0.5F)).clamp(0, 1);
       })},
      {"Softmax", one([](const auto& node, const auto& in) { return at::softmax(in[0], node.integer("axis", -1)); })},
      {"Conv", one(conv)},
      {"Gemm", one(gemm)},
      {"GlobalAveragePool", one([](const auto&, const auto& in) {
         return in[0].mean({2, 3}, /*keepdim=*/true);
       })},
      {"MaxPool", one([](const auto& node, const auto& in) {
         return at::max_pool2d(in[0], node.integers("kernel_shape", {}), node.integers("strides", {1, 1}));
       })},
      {"Gather", one(gather)},
      {"ReduceMax", one([](const auto& node, const auto& in) {
         return at::amax(in[0], node.integers("axes", {}), node.integer("keepdims", 1) != 0);
       })},
      {"ReduceSum", one([](const auto& node, const auto& in) {
         return at::sum(in[0], numbers_of(in[1]), node.integer("keepdims", 1) != 0);
       })},
      {"Reshape", one([](const auto&, const auto& in) { return reshape(in); })},
      {"Flatten", one([](const auto& node, const auto& in) { return in[0].flatten(node.integer("axis", 1)); })},
      {"Transpose", one([](const auto& node, const auto& in) { return in[0].permute(node.integers("perm", {})); })},
      {"Expand", one([](const auto&, const auto& in) { return expand(in); })},
      {"Concat", one([](const auto& node, const auto& in) { return at::cat(in, node.integer("axis", 0)); })},
      {"LayerNormalization", one(layer_norm)},
      {"Cast",
       one([](const auto& node, const auto& in) { return in[0].to(scalar_type(number_type(node.integer("to", 1)))); })},
      {"QuantizeLinear", one(quantize)},
      {"DequantizeLinear", one(dequantize)},
      {"Split",  // in two halves
       [](const auto& node, const auto& in) -> Tensors { return in[0].chunk(2, node.integer("axis", 0)); }},
  };
  return table;
}

[[noreturn]] void refuse(const std::string& why) {
  throw InputError("an exported network cannot run: " + why, "export the model again with this program");
}

/// Every value is made before it is read.
void check_values(const NetworkGraph& graph) {
  std::set<std::string> made;
  for (const auto& input : graph.inputs) made.insert(input.name);
  for (const auto& constant : graph.constants) made.insert(constant.name);
  const auto check = [&](const std::string& value) {
    if (!made.contains(value)) refuse(fmt::format("nothing makes the value {}", value));
  };
  for (const auto& node : graph.nodes) {
    if (!operations().contains(node.op)) refuse(fmt::format("operation {} is not known", node.op));
    std::ranges::for_each(node.inputs, check);
    made.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const auto& output : graph.outputs) check(output.name);
}

void check_input(const GraphValue& expected, const Tensor& given) {
  const bool shape = given.dim() > 0 && given.sizes().slice(1) == c10::IntArrayRef(expected.sample_shape);
  if (shape && given.scalar_type() == scalar_type(expected.type)) return;
  throw InputError(fmt::format("input {} is {} of {}, not {} of N x {}", expected.name, toString(given.scalar_type()),
                               fmt::join(given.sizes(), " x "), word_of(kNumberTypes, expected.type),
                               fmt::join(expected.sample_shape, " x ")),
                   "give it what the network was exported for");
}

}  // namespace

GraphRunner::GraphRunner(const NetworkGraph& graph) : graph_(graph) {
  for (auto& constant : graph_.constants) {
    constants_[constant.name] = to_tensor(constant);
    constant.bytes.clear();
  }
  check_values(graph_);
  std::set<std::string> read_later;
  for (const auto& output : graph_.outputs) read_later.insert(output.name);
  done_after_.resize(graph_.nodes.size());
  for (std::size_t i = graph_.nodes.size(); i-- > 0;)
    for (const auto& names : {graph_.nodes[i].inputs, graph_.nodes[i].outputs})
      for (const auto& name : names)
        if (read_later.insert(name).second) done_after_[i].push_back(name);
}

Tensors GraphRunner::run(const Tensors& inputs, const Observer& observer) const {
  const torch::NoGradGuard no_grad;
  if (inputs.size() != graph_.inputs.size())
    throw InputError(fmt::format("the network takes {} inputs, not {}", graph_.inputs.size(), inputs.size()),
                     "give one a modality");
  std::map<std::string, Tensor> values;
  const auto set = [&](const std::string& name, const Tensor& value) {
    if (observer) observer(name, value);
    values[name] = value;
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check_input(graph_.inputs[i], inputs[i]);
    set(graph_.inputs[i].name, inputs[i]);
  }
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const GraphNode& node = graph_.nodes[n];
    Tensors in;
    for (const auto& name : node.inputs) {
      const auto constant = constants_.find(name);
      in.push_back(constant != constants_.end() ? constant->second : values.at(name));
    }
    const Tensors out = operations().at(node.op)(Attributes(node), in);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) set(node.outputs[i], out.at(i));
    for (const auto& name : done_after_[n]) values.erase(name);
  }
  Tensors results;
  for (const auto& output : graph_.outputs) results.push_back(values.at(output.name));
  return results;
}

}  // namespace harmonic
