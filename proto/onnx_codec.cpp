#include "proto/onnx_codec.hpp"

#include <limits>

#include <onnx/onnx_pb.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/version.hpp"

namespace harmonic {
namespace {

constexpr const char* kProducer = "harmonic";
constexpr const char* kBatch = "batch";

// The enumerators are written as they are.
static_assert(static_cast<int>(NumberType::float32) == onnx::TensorProto::FLOAT &&
              static_cast<int>(NumberType::uint8) == onnx::TensorProto::UINT8 &&
              static_cast<int>(NumberType::int8) == onnx::TensorProto::INT8 &&
              static_cast<int>(NumberType::int32) == onnx::TensorProto::INT32 &&
              static_cast<int>(NumberType::int64) == onnx::TensorProto::INT64 &&
              static_cast<int>(NumberType::float16) == onnx::TensorProto::FLOAT16);

[[noreturn]] void refuse(const std::string& why) {
  throw InputError("no ONNX model of this program: " + why, "export the model again");
}

NumberType type_of(int code) {
  for (const auto& [word, type] : kNumberTypes)
    if (static_cast<int>(type) == code) return type;
  refuse(fmt::format("it has numbers of type {}", code));
}

void write(onnx::ValueInfoProto& out, const GraphValue& value, std::optional<int> batch) {
  out.set_name(value.name);
  auto& tensor = *out.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(static_cast<int>(value.type));
  auto& first = *tensor.mutable_shape()->add_dim();
  if (batch)
    first.set_dim_value(*batch);
  else
    first.set_dim_param(kBatch);
  for (const auto size : value.sample_shape) tensor.mutable_shape()->add_dim()->set_dim_value(size);
}

void write(onnx::AttributeProto& out, const GraphAttribute& attribute) {
  if (const auto* integer = std::get_if<std::int64_t>(&attribute)) {
    out.set_type(onnx::AttributeProto::INT);
    out.set_i(*integer);
  } else if (const auto* number = std::get_if<float>(&attribute)) {
    out.set_type(onnx::AttributeProto::FLOAT);
    out.set_f(*number);
  } else {
    out.set_type(onnx::AttributeProto::INTS);
    for (const auto value : std::get<std::vector<std::int64_t>>(attribute)) out.add_ints(value);
  }
}

void write(onnx::NodeProto& out, const GraphNode& node) {
  out.set_op_type(node.op);
  if (!node.name.empty()) out.set_name(node.name);
  for (const auto& input : node.inputs) out.add_input(input);
  for (const auto& output : node.outputs) out.add_output(output);
  for (const auto& [name, value] : node.attributes) {
    auto& attribute = *out.add_attribute();
    attribute.set_name(name);
    write(attribute, value);
  }
}

void write(onnx::TensorProto& out, const GraphConstant& constant) {
  out.set_name(constant.name);
  out.set_data_type(static_cast<int>(constant.type));
  for (const auto size : constant.shape) out.add_dims(size);
  out.set_raw_data(constant.bytes);
}

GraphValue read(const onnx::ValueInfoProto& value) {
  const auto& tensor = value.type().tensor_type();
  GraphValue found{value.name(), type_of(tensor.elem_type()), {}};
  for (int i = 1; i < tensor.shape().dim_size(); ++i) found.sample_shape.push_back(tensor.shape().dim(i).dim_value());
  return found;
}

GraphAttribute read(const onnx::AttributeProto& attribute) {
  switch (attribute.type()) {
    case onnx::AttributeProto::INT:
      return static_cast<std::int64_t>(attribute.i());
    case onnx::AttributeProto::FLOAT:
      return attribute.f();
    case onnx::AttributeProto::INTS:
      return std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end());
    default:
      refuse(fmt::format("its attribute {} is no number", attribute.name()));
  }
}

GraphNode read(const onnx::NodeProto& node) {
  GraphNode found{node.op_type(),
                  node.name(),
                  {node.input().begin(), node.input().end()},
                  {node.output().begin(), node.output().end()},
                  {}};
  for (const auto& attribute : node.attribute()) found.attributes[attribute.name()] = read(attribute);
  return found;
}

GraphConstant read(const onnx::TensorProto& tensor) {
  return {tensor.name(), type_of(tensor.data_type()), {tensor.dims().begin(), tensor.dims().end()}, tensor.raw_data()};
}

}  // namespace

std::string to_onnx(const NetworkGraph& graph, std::optional<int> batch) {
  onnx::ModelProto model;
  model.set_ir_version(onnx::IR_VERSION);
  model.set_producer_name(kProducer);
  model.set_producer_version(std::string(program_version()));
  auto& opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(kOnnxOpset);
  for (const auto& [name, text] : graph.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(name);
    entry.set_value(text);
  }
  auto& out = *model.mutable_graph();
  out.set_name(graph.name);
  for (const auto& value : graph.inputs) write(*out.add_input(), value, batch);
  for (const auto& value : graph.outputs) write(*out.add_output(), value, batch);
  for (const auto& node : graph.nodes) write(*out.add_node(), node);
  for (const auto& constant : graph.constants) write(*out.add_initializer(), constant);
  if (model.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw InputError(fmt::format("the model has {} bytes, and ONNX holds 2 GiB in a file", model.ByteSizeLong()),
                     "export it with --format libtorch");
  return model.SerializeAsString();
}

NetworkGraph from_onnx(std::string_view bytes) {
  onnx::ModelProto model;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    refuse("it cannot be read");
  if (model.opset_import_size() != 1 || model.opset_import(0).version() != kOnnxOpset)
    refuse(fmt::format("it is not of opset {}", kOnnxOpset));
  NetworkGraph graph;
  graph.name = model.graph().name();
  for (const auto& entry : model.metadata_props()) graph.metadata.emplace_back(entry.key(), entry.value());
  for (const auto& value : model.graph().input()) graph.inputs.push_back(read(value));
  for (const auto& value : model.graph().output()) graph.outputs.push_back(read(value));
  for (const auto& node : model.graph().node()) graph.nodes.push_back(read(node));
  for (const auto& tensor : model.graph().initializer()) graph.constants.push_back(read(tensor));
  return graph;
}

}  // namespace harmonic
