#include "worker/export/quantization.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "kept_models.hpp"
#include "proto/onnx_codec.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/export/graph_builder.hpp"
#include "worker/export/graph_runner.hpp"
#include "worker/export/graph_tensors.hpp"
#include "worker/export/model_graph.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

ValueRanges ranges_over(const NetworkGraph& graph, const std::vector<Tensor>& inputs) {
  ValueRanges ranges;
  (void)GraphRunner(graph).run(inputs, [&](const auto& name, const auto& value) { ranges.add(name, value); });
  return ranges;
}

Tensor numbers_of(const NetworkGraph& graph, const std::string& constant) {
  const auto found = std::ranges::find(graph.constants, constant, &GraphConstant::name);
  REQUIRE(found != graph.constants.end());
  return to_tensor(*found);
}

const GraphNode& node_making(const NetworkGraph& graph, const std::string& value) {
  const auto found = std::ranges::find_if(graph.nodes, [&](const auto& node) { return node.outputs.front() == value; });
  REQUIRE(found != graph.nodes.end());
  return *found;
}

TEST_CASE("A layer in whole numbers has a scale for every channel of its weight, and one for what goes in",
          "[export]") {
  GraphBuilder builder("linear");
  const Tensor weight = torch::tensor({{1.0F, -0.25F}, {0.0F, 127.0F}, {0.0F, 0.0F}});
  const auto x = builder.input("x", NumberType::float32, {2});
  builder.output(builder.linear("layer", x, {weight, torch::tensor({1.0F, 0.0F, -1.0F})}), "y", {3});
  const NetworkGraph graph = std::move(builder).graph();
  const Tensor samples = torch::tensor({{-1.0F, 3.0F}, {1.55F, 4.1F}});
  const NetworkGraph whole = quantized(graph, ranges_over(graph, {samples}));
  const auto& layer = node_making(whole, "y");
  CHECK(layer.op == "Gemm");
  CHECK(torch::equal(numbers_of(whole, node_making(whole, layer.inputs[1]).inputs[0]),
                     torch::tensor({{64, -16}, {0, 64}, {0, 0}}, torch::kInt8)));
  CHECK(torch::allclose(numbers_of(whole, node_making(whole, layer.inputs[1]).inputs[1]),
                        torch::tensor({1 / 64.0F, 127 / 64.0F, 1.0F})));
  // From -1 to 4.1 in 255 steps: of 0.02, and -1 is -128.
  const auto& back = node_making(whole, layer.inputs[0]);
  CHECK(numbers_of(whole, back.inputs[1]).item<float>() == Approx(0.02));
  CHECK(numbers_of(whole, back.inputs[2]).item<int>() == -78);
  // What lies beyond the range is cut to it.
  const Tensor y = GraphRunner(whole).run({torch::tensor({{1.0F, 9.0F}})}).front();
  CHECK(torch::allclose(y, torch::tensor({{1.0F + 1.0F - 4.1F * 16 / 64, 4.1F * 127, -1.0F}}), 1e-4, 1e-4));
}

TEST_CASE("Names of inputs and outputs stay in whole numbers, whatever they are", "[export]") {
  GraphBuilder builder("linear");
  const auto x = builder.input("0", NumberType::float32, {2});  // as the first of the short names would be
  builder.output(builder.linear("layer", x, {torch::ones({3, 2}), torch::zeros({3})}), "1", {3});
  const NetworkGraph graph = std::move(builder).graph();
  const Tensor samples = torch::tensor({{-1.0F, 3.0F}, {2.0F, 4.0F}});
  const NetworkGraph whole = quantized(graph, ranges_over(graph, {samples}));
  CHECK((whole.inputs == graph.inputs));
  CHECK((whole.outputs == graph.outputs));
  CHECK(torch::allclose(GraphRunner(whole).run({samples}).front(), GraphRunner(graph).run({samples}).front(), 0.02,
                        0.02));
}

TEST_CASE("The smallest model in whole numbers, a late fusion of the smallest backbones, is at most 0.35 of its size",
          "[export]") {
  const testing::TemporaryFolder folder;
  const auto& kind = *std::ranges::find(testing::model_kinds(), "sum", &testing::ModelKind::name);
  const auto graph = model_graph(testing::keep_model(folder / "1", kind));
  const auto whole = quantized(graph, ranges_over(graph, testing::noise(kind, 16)));
  CHECK(static_cast<double>(to_onnx(whole).size()) < 0.35 * static_cast<double>(to_onnx(graph).size()));
}

TEST_CASE("A model in whole numbers is smaller and says nearly the same", "[export]") {
  const testing::TemporaryFolder folder;
  const auto& kind = *std::ranges::find(testing::model_kinds(), "largest", &testing::ModelKind::name);
  const auto graph = model_graph(testing::keep_model(folder / "1", kind));
  const auto inputs = testing::noise(kind, 16);
  const auto whole = quantized(graph, ranges_over(graph, inputs));
  CHECK(static_cast<double>(to_onnx(whole).size()) < 0.35 * static_cast<double>(to_onnx(graph).size()));
  const Tensor exact = GraphRunner(graph).run(inputs).front();
  const Tensor rounded = GraphRunner(from_onnx(to_onnx(whole))).run(inputs).front();
  const double difference = (exact - rounded).abs().mean().item<double>();
  CHECK(difference > 0);
  CHECK(difference < 0.1 * exact.std().item<double>());
  for (const auto& node : whole.nodes)
    if (node.op == "Conv" || node.op == "Gemm")
      for (std::size_t i = 0; i < 2; ++i) CHECK(node_making(whole, node.inputs[i]).op == "DequantizeLinear");
}

}  // namespace
}  // namespace harmonic
