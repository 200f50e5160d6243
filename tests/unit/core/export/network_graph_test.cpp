#include "core/export/network_graph.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

NetworkGraph small_graph() {
  NetworkGraph graph;
  graph.name = "small";
  graph.inputs = {{"image", NumberType::uint8, {1, 28, 28}}};
  graph.outputs = {{"logits", NumberType::float32, {10}}};
  graph.nodes = {
      {"Conv", "a", {"image", "w"}, {"a"}, {{"group", std::int64_t{2}}, {"pads", std::vector<std::int64_t>{1, 0}}}},
      {"HardSigmoid", "b", {"a"}, {"logits"}, {{"alpha", 1.0F / 6}, {"beta", 1.0F}}}};
  graph.constants = {{"w", NumberType::float16, {2}, "abcd"}};
  graph.metadata = {{"genotype", "late:sum"}};
  return graph;
}

TEST_CASE("A graph without its numbers goes through JSON as it is", "[export]") {
  NetworkGraph graph = small_graph();
  const auto text = to_json_text(graph);
  graph.constants[0].bytes.clear();
  CHECK(graph_from_json(text, "a file") == graph);
}

TEST_CASE("JSON that is no graph is refused by the name of its file", "[export]") {
  for (const std::string text : {"", "[]", "{}", R"({"format":"harmonic-network","version":2})"})
    CHECK_THROWS_WITH(graph_from_json(text, "model.pt"), Catch::Contains("model.pt"));
}

}  // namespace
}  // namespace harmonic
