#include "worker/profile/network_slices.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <torch/types.h>

#include "core/base/text.hpp"
#include "worker/export/graph_runner.hpp"

namespace harmonic {
namespace {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;  ///< of values, without the batch

Shapes shapes_of(const NetworkGraph& graph) {
  const GraphRunner runner(graph);
  std::vector<torch::Tensor> inputs;
  for (const auto& input : runner.inputs()) {
    std::vector<std::int64_t> shape = {1};
    shape.insert(shape.end(), input.sample_shape.begin(), input.sample_shape.end());
    inputs.push_back(torch::zeros(shape));
  }
  Shapes shapes;
  (void)runner.run(inputs, [&](const std::string& name, const torch::Tensor& value) {
    shapes[name] = value.sizes().slice(1).vec();
  });
  return shapes;
}

/// A piece on its way.
struct Piece {
  NetworkSlice slice;
  std::set<std::string> made, known;  ///< values that it makes; that it has as inputs or constants
};

}  // namespace

std::vector<NetworkSlice> slice(const NetworkGraph& graph,
                                const std::function<std::string(const std::string&)>& piece_of) {
  const Shapes shapes = shapes_of(graph);
  std::map<std::string, const GraphConstant*> constants;
  for (const auto& constant : graph.constants) constants[constant.name] = &constant;
  std::vector<Piece> pieces;
  std::map<std::string, std::size_t> numbers;
  for (const auto& node : graph.nodes) {
    const auto name = piece_of(node.name);
    if (numbers.emplace(name, pieces.size()).second) pieces.push_back({{name, {}}, {}, {}});
  }
  std::set<std::string> read, read_elsewhere;
  for (const auto& node : graph.nodes) read.insert(node.inputs.begin(), node.inputs.end());
  for (const auto& output : graph.outputs) read_elsewhere.insert(output.name);
  for (const auto& node : graph.nodes) {
    const auto number = numbers.at(piece_of(node.name));
    auto& piece = pieces[number];
    for (const auto& value : node.inputs) {
      if (piece.made.contains(value) || !piece.known.insert(value).second) continue;
      if (const auto constant = constants.find(value); constant != constants.end()) {
        piece.slice.graph.constants.push_back(*constant->second);
      } else {
        piece.slice.graph.inputs.push_back({value, NumberType::float32, shapes.at(value)});
        read_elsewhere.insert(value);
      }
    }
    piece.slice.graph.nodes.push_back(node);
    piece.made.insert(node.outputs.begin(), node.outputs.end());
  }
  std::vector<NetworkSlice> slices;
  for (auto& piece : pieces) {
    piece.slice.graph.name = piece.slice.name;
    for (const auto& node : piece.slice.graph.nodes)
      for (const auto& value : node.outputs)
        if (read_elsewhere.contains(value) || !read.contains(value))
          piece.slice.graph.outputs.push_back({value, NumberType::float32, shapes.at(value)});
    slices.push_back(std::move(piece.slice));
  }
  return slices;
}

std::string table_piece(const std::string& node) {
  const auto parts = split(node, '/');
  const auto part = [&](std::size_t i) { return i < parts.size() ? parts[i] : std::string(); };
  const auto head = part(0) + "/" + part(1);
  if (part(0) == "fusion") {
    const bool of_backbone = part(2).starts_with("backbone_");
    if (part(1) == "head" && of_backbone) return "fusion/" + part(2);
    if (part(1) != "late" || of_backbone) return head;
    const bool of_map = !part(2).empty() && part(2).find_first_not_of("0123456789") == std::string::npos;
    return of_map ? head + "/" + part(2) : head;
  }
  if (part(1).starts_with("op_list")) return part(0) + "/maxout";
  if (part(1).starts_with("blocks.") && part(2) == "shortcut") return head + "/shortcut";
  if (part(1) == "feature_mix_layer" && part(2) == "average") return part(0) + "/pool";
  return head;
}

}  // namespace harmonic
