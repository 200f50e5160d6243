#include "core/export/network_graph.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/storage/json_text.hpp"

namespace harmonic {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "harmonic-network";
constexpr int kVersion = 1;

Json value_json(const GraphValue& value) {
  return {{"name", value.name}, {"type", word_of(kNumberTypes, value.type)}, {"sample_shape", value.sample_shape}};
}

GraphValue value_from(const Json& json) {
  return {json.at("name"), value_of(kNumberTypes, json.at("type").get<std::string>(), "a type of numbers"),
          json.at("sample_shape")};
}

/// Whole numbers, lists of them, and numbers with a point, which every float is written with.
Json attribute_json(const GraphAttribute& attribute) {
  return std::visit([](const auto& value) { return Json(value); }, attribute);
}

GraphAttribute attribute_from(const Json& json) {
  if (json.is_array()) return json.get<std::vector<std::int64_t>>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  return json.get<float>();
}

Json node_json(const GraphNode& node) {
  Json json = {{"op", node.op}, {"name", node.name}, {"inputs", node.inputs}, {"outputs", node.outputs}};
  for (const auto& [name, attribute] : node.attributes) json["attributes"][name] = attribute_json(attribute);
  return json;
}

GraphNode node_from(const Json& json) {
  GraphNode node{json.at("op"), json.at("name"), json.at("inputs"), json.at("outputs"), {}};
  if (const auto attributes = json.find("attributes"); attributes != json.end())
    for (const auto& item : attributes->items()) node.attributes[item.key()] = attribute_from(item.value());
  return node;
}

}  // namespace

std::size_t bytes_of(NumberType type) {
  switch (type) {
    case NumberType::uint8:
    case NumberType::int8:
      return 1;
    case NumberType::float16:
      return 2;
    case NumberType::float32:
    case NumberType::int32:
      return 4;
    case NumberType::int64:
      break;
  }
  return 8;
}

std::string to_json_text(const NetworkGraph& graph) {
  Json json = {{"format", kFormat}, {"version", kVersion}, {"name", graph.name}};
  for (const char* list : {"inputs", "outputs", "nodes", "constants"}) json[list] = Json::array();
  for (const auto& value : graph.inputs) json["inputs"].push_back(value_json(value));
  for (const auto& value : graph.outputs) json["outputs"].push_back(value_json(value));
  json["metadata"] = Json::object();
  for (const auto& [name, text] : graph.metadata) json["metadata"][name] = text;
  for (const auto& node : graph.nodes) json["nodes"].push_back(node_json(node));
  for (const auto& constant : graph.constants)
    json["constants"].push_back(
        {{"name", constant.name}, {"type", word_of(kNumberTypes, constant.type)}, {"shape", constant.shape}});
  return json_text(json);
}

NetworkGraph graph_from_json(const std::string& text, const std::string& whose) try {
  const auto json = Json::parse(text);
  if (json.at("format") != kFormat || json.at("version") != kVersion)
    throw InputError(fmt::format("{} is no exported network of version {}", whose, kVersion),
                     "export the model with this program");
  NetworkGraph graph;
  graph.name = json.at("name");
  for (const auto& value : json.at("inputs")) graph.inputs.push_back(value_from(value));
  for (const auto& value : json.at("outputs")) graph.outputs.push_back(value_from(value));
  for (const auto& node : json.at("nodes")) graph.nodes.push_back(node_from(node));
  for (const auto& constant : json.at("constants"))
    graph.constants.push_back({constant.at("name"),
                               value_of(kNumberTypes, constant.at("type").get<std::string>(), "a type of numbers"),
                               constant.at("shape"),
                               {}});
  for (const auto& item : json.at("metadata").items()) graph.metadata.emplace_back(item.key(), item.value());
  return graph;
} catch (const nlohmann::json::exception& e) {
  throw InputError(fmt::format("{} holds no exported network: {}", whose, e.what()), "export the model again");
}

}  // namespace harmonic
