#include "worker/export/graph_runner.hpp"

#include <algorithm>
#include <functional>
#include <map>
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
  const std::vector<std::int64_t> undilated = {1, 1};
  const bool even = pads[0] == pads[2] && pads[1] == pads[3];
  const Tensor x = even ? in[0] : at::constant_pad_nd(in[0], {pads[1], pads[3], pads[0], pads[2]});
  const std::vector<std::int64_t> margins = even ? std::vector{pads[0], pads[1]} : std::vector<std::int64_t>{0, 0};
  return at::conv2d(x, in[1], in.size() > 2 ? in[2] : Tensor(), strides, at::IntArrayRef(margins), undilated,
                    node.integer("group", 1));
}

Tensor gemm(const Attributes& node, const Tensors& in) {
  const bool transposed = node.integer("transB", 0) != 0;
  return at::linear(in[0], transposed ? in[1] : in[1].t(), in.size() > 2 ? in[2] : Tensor());
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
      {"HardSwish", one([](const auto&, const auto& in) { return at::hardswish(in[0]); })},
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

/// @param precision of what is float32 in the graph
void check_input(const GraphValue& expected, const Tensor& given, torch::ScalarType precision) {
  const bool shape = given.dim() > 0 && given.sizes().slice(1) == c10::IntArrayRef(expected.sample_shape);
  const bool reduced = expected.type == NumberType::float32 && given.scalar_type() == precision;
  if (shape && (reduced || given.scalar_type() == scalar_type(expected.type))) return;
  throw InputError(fmt::format("input {} is {} of {}, not {} of N x {}", expected.name, toString(given.scalar_type()),
                               fmt::join(given.sizes(), " x "), word_of(kNumberTypes, expected.type),
                               fmt::join(expected.sample_shape, " x ")),
                   "give it what the network was exported for");
}

}  // namespace

/// Values are known by numbers: the constants first, then what goes in, and what the nodes make.
struct GraphRunner::Plan {
  struct Step {
    std::function<Tensors(const Tensors&)> run;
    std::vector<std::size_t> in, out, done;  ///< done: values that no later step reads
  };

  NetworkGraph graph;  ///< its inputs, outputs and metadata alone
  std::vector<Tensor> constants;
  std::vector<std::string> names;  ///< of values that are no constants
  std::vector<Step> steps;         ///< [node]
  std::vector<std::size_t> outputs;
  torch::ScalarType precision = torch::kFloat32;  ///< of what is float32 in the graph
};

GraphRunner::GraphRunner(const NetworkGraph& graph) {
  auto plan = std::make_shared<Plan>();
  plan->graph.inputs = graph.inputs;
  plan->graph.outputs = graph.outputs;
  plan->graph.metadata = graph.metadata;
  std::map<std::string, std::size_t> numbers;
  for (const auto& constant : graph.constants) {
    numbers[constant.name] = plan->constants.size();
    plan->constants.push_back(to_tensor(constant));
  }
  check_values(graph);
  const auto number = [&](const std::string& name) {
    const auto [found, fresh] = numbers.emplace(name, plan->constants.size() + plan->names.size());
    if (fresh) plan->names.push_back(name);
    return found->second;
  };
  for (const auto& input : graph.inputs) (void)number(input.name);
  for (const auto& node : graph.nodes) {
    const auto run = [operation = &operations().at(node.op), node](const Tensors& in) {
      return (*operation)(Attributes(node), in);
    };
    Plan::Step step{run, {}, {}, {}};
    for (const auto& name : node.inputs) step.in.push_back(number(name));
    for (const auto& name : node.outputs) step.out.push_back(number(name));
    plan->steps.push_back(std::move(step));
  }
  for (const auto& output : graph.outputs) plan->outputs.push_back(number(output.name));
  std::set<std::size_t> read_later(plan->outputs.begin(), plan->outputs.end());
  for (std::size_t c = 0; c < plan->constants.size(); ++c) read_later.insert(c);  // they stay
  for (auto step = plan->steps.rbegin(); step != plan->steps.rend(); ++step)
    for (const auto& values : {step->in, step->out})
      for (const auto value : values)
        if (read_later.insert(value).second) step->done.push_back(value);
  plan_ = std::move(plan);
}

const std::vector<GraphValue>& GraphRunner::inputs() const {
  return plan_->graph.inputs;
}

const std::vector<GraphValue>& GraphRunner::outputs() const {
  return plan_->graph.outputs;
}

const std::vector<std::pair<std::string, std::string>>& GraphRunner::metadata() const {
  return plan_->graph.metadata;
}

GraphRunner GraphRunner::to(torch::Device device, torch::ScalarType precision) const {
  auto plan = std::make_shared<Plan>(*plan_);
  plan->precision = precision;
  for (auto& constant : plan->constants)
    constant = constant.to(device, constant.scalar_type() == torch::kFloat32 ? precision : constant.scalar_type());
  return GraphRunner(std::move(plan));
}

Tensors GraphRunner::run(const Tensors& inputs, const Observer& observer) const {
  const torch::NoGradGuard no_grad;
  const Plan& plan = *plan_;
  if (inputs.size() != plan.graph.inputs.size())
    throw InputError(fmt::format("the network takes {} inputs, not {}", plan.graph.inputs.size(), inputs.size()),
                     "give one a modality");
  const std::size_t constants = plan.constants.size();
  Tensors values(plan.names.size());
  const auto set = [&](std::size_t number, Tensor value) {
    if (observer) observer(plan.names[number - constants], value);
    values[number - constants] = std::move(value);
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    check_input(plan.graph.inputs[i], inputs[i], plan.precision);
    set(constants + i, inputs[i]);
  }
  for (const auto& step : plan.steps) {
    Tensors in;
    in.reserve(step.in.size());
    for (const auto number : step.in)
      in.push_back(number < constants ? plan.constants[number] : values[number - constants]);
    Tensors out = step.run(in);
    for (std::size_t i = 0; i < step.out.size(); ++i) set(step.out[i], std::move(out.at(i)));
    in.clear();
    for (const auto number : step.done) values[number - constants].reset();
  }
  Tensors results;
  for (const auto output : plan.outputs)
    results.push_back(output < constants ? plan.constants[output] : values[output - constants]);
  return results;
}

}  // namespace harmonic
