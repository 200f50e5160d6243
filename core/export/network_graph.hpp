#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/choices.hpp"

namespace harmonic {

/// What the numbers of a value are; the enumerators' values are ONNX's own (TensorProto.DataType).
enum class NumberType : std::int64_t { float32 = 1, uint8 = 2, int8 = 3, int32 = 6, int64 = 7, float16 = 10 };
inline const Choices<NumberType> kNumberTypes = {{"float32", NumberType::float32}, {"float16", NumberType::float16},
                                                 {"uint8", NumberType::uint8},     {"int8", NumberType::int8},
                                                 {"int32", NumberType::int32},     {"int64", NumberType::int64}};
[[nodiscard]] std::size_t bytes_of(NumberType type);

/// Numbers that belong to the network: weights, biases, indices, shapes.
struct GraphConstant {
  std::string name;
  NumberType type = NumberType::float32;
  std::vector<std::int64_t> shape;  ///< empty: one number
  std::string bytes;                ///< row-major, little endian

  bool operator==(const GraphConstant&) const = default;
};

using GraphAttribute = std::variant<std::int64_t, float, std::vector<std::int64_t>>;
using GraphAttributes = std::map<std::string, GraphAttribute>;

/// One operation. Its name, attributes and meaning are those of the ONNX operator `op`, opset kOnnxOpset.
struct GraphNode {
  std::string op;
  std::string name;
  std::vector<std::string> inputs;   ///< names of values
  std::vector<std::string> outputs;  ///< of the values that it makes; no two values of a graph have one name
  GraphAttributes attributes;

  bool operator==(const GraphNode&) const = default;
};

/// What goes in or comes out, a batch of samples.
struct GraphValue {
  std::string name;
  NumberType type = NumberType::float32;
  std::vector<std::int64_t> sample_shape;  ///< without the batch, which comes first and is of any size

  bool operator==(const GraphValue&) const = default;
};

/// A trained network as the operations that it consists of: what an exported file holds, whatever its form.
struct NetworkGraph {
  std::string name;
  std::vector<GraphValue> inputs, outputs;
  std::vector<GraphNode> nodes;  ///< in an order in which they can run
  std::vector<GraphConstant> constants;
  std::vector<std::pair<std::string, std::string>> metadata;  ///< what is to be known of it: names and texts

  bool operator==(const NetworkGraph&) const = default;
};

inline constexpr int kOnnxOpset = 17;

/// All but the constants' numbers, as JSON: "inputs", "outputs", "nodes", "constants" and "metadata".
[[nodiscard]] std::string to_json_text(const NetworkGraph& graph);
/// Inverse of to_json_text; the constants come without bytes.
/// @param whose the file, for messages @throws InputError when it is no such JSON
[[nodiscard]] NetworkGraph graph_from_json(const std::string& text, const std::string& whose);

}  // namespace harmonic
