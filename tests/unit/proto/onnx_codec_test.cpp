#include "proto/onnx_codec.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

TEST_CASE("A graph goes through ONNX as it is", "[export]") {
  NetworkGraph graph;
  graph.name = "small";
  graph.inputs = {{"image", NumberType::uint8, {1, 28, 28}}};
  graph.outputs = {{"logits", NumberType::float32, {10}}};
  graph.nodes = {
      {"Split", "a", {"image", "w"}, {"b", "c"}, {{"axis", std::int64_t{-1}}}},
      {"HardSigmoid", "d", {"b"}, {"logits"}, {{"alpha", 0.25F}, {"pads", std::vector<std::int64_t>{1, 0}}}}};
  graph.constants = {{"w", NumberType::int64, {1}, std::string("\0\1\2\3\4\5\6\7", 8)}};
  graph.metadata = {{"genotype", "late:sum"}};
  CHECK(from_onnx(to_onnx(graph)) == graph);
}

TEST_CASE("Bytes that are no model of this program are refused", "[export]") {
  NetworkGraph graph;
  graph.name = "empty";
  const auto bytes = to_onnx(graph);
  CHECK_THROWS_AS(from_onnx(""), InputError);
  CHECK_THROWS_AS(from_onnx("no model"), InputError);
  CHECK_THROWS_AS(from_onnx(std::string_view(bytes).substr(0, bytes.size() - 1)), InputError);
}

}  // namespace
}  // namespace harmonic
