#include "worker/export/model_graph.hpp"

#include <algorithm>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/base/error.hpp"
#include "kept_models.hpp"
#include "proto/onnx_codec.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/export/graph_builder.hpp"
#include "worker/export/graph_runner.hpp"
#include "worker/export/torch_archive.hpp"

namespace harmonic {
namespace {

using testing::ModelKind;
using torch::Tensor;

const ModelKind& kind_named(const std::string& name) {
  return *std::ranges::find(testing::model_kinds(), name, &ModelKind::name);
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST_CASE("A graph read back from a file computes the kept model's own logits, whatever its kind", "[export]") {
  for (const auto& kind : testing::model_kinds()) {
    INFO(kind.name);
    const testing::TemporaryFolder folder;
    const KeptModel model = testing::keep_model(folder / "1", kind);
    const NetworkGraph graph = model_graph(model);
    CHECK(std::ranges::none_of(graph.nodes, [](const auto& node) { return node.op == "BatchNormalization"; }));
    const auto inputs = testing::noise(kind, 3);
    const Tensor expected = model.logits(inputs);
    REQUIRE(expected.std().item<double>() > 1e-3);  // they differ at all
    const double rounding = 1e-5 * std::max(1.0, expected.abs().max().item<double>());
    for (const NetworkGraph& read :
         {from_onnx(to_onnx(graph)), from_torch_archive(to_torch_archive(graph), "an archive")}) {
      CHECK(read == graph);
      const GraphRunner runner(read);
      CHECK(largest_difference(runner.run(inputs).front(), expected) < rounding);
    }
    std::vector<Tensor> second;
    for (const auto& input : inputs) second.push_back(input.narrow(0, 1, 1));
    CHECK(largest_difference(GraphRunner(graph).run(second).front(), expected.narrow(0, 1, 1)) < rounding);
  }
}

TEST_CASE("What no output reads is not in the graph, but its input is", "[export]") {
  const testing::TemporaryFolder folder;
  const auto graph = model_graph(testing::keep_model(folder / "1", kind_named("one_reads_nothing")));
  REQUIRE(graph.inputs.size() == 2);
  CHECK(graph.inputs[1].name == "audio");
  for (const auto& node : graph.nodes) CHECK_FALSE(node.name.starts_with("audio/"));
  for (const auto& constant : graph.constants) CHECK_FALSE(constant.name.starts_with("audio/"));
  CHECK(std::ranges::none_of(graph.nodes, [](const auto& node) { return node.name == "image/classifier"; }));
}

TEST_CASE("With preprocessing a graph takes bytes and floats as they are stored", "[export]") {
  const testing::TemporaryFolder folder;
  const auto& kind = kind_named("three");
  const KeptModel model = testing::keep_model(folder / "1", kind);
  std::vector<float> means(testing::kVectorLength), deviations(testing::kVectorLength);
  for (std::size_t i = 0; i < means.size(); ++i) {
    means[i] = 0.01F * static_cast<float>(i);
    deviations[i] = 1 + means[i];
  }
  const auto graph = model_graph(model, {{ElementType::uint8, {{0.2F}, {0.3F}}},
                                         {ElementType::float32, {{-5}, {40}}},
                                         {ElementType::float32, {means, deviations}}});
  CHECK(graph.inputs[0].type == NumberType::uint8);
  const auto normal = testing::noise(kind, 2);
  const Tensor picture = torch::randint(256, normal[0].sizes(), torch::kUInt8);
  const std::vector<Tensor> stored = {picture, normal[1] * 40 - 5,
                                      normal[2] * torch::tensor(deviations) + torch::tensor(means)};
  const Tensor expected = model.logits({(picture.to(torch::kFloat32) / 255 - 0.2) / 0.3, normal[1], normal[2]});
  CHECK(largest_difference(GraphRunner(graph).run(stored).front(), expected) <
        1e-4 * std::max(1.0, expected.abs().max().item<double>()));
  CHECK_THROWS_WITH(GraphRunner(graph).run(normal), Catch::Contains("image") && Catch::Contains("uint8"));
}

TEST_CASE("Maps of every size are pooled as an adaptive max-pool does it", "[export]") {
  for (const int side : {1, 3, 4})
    for (int size = 1; size <= 56; ++size) {
      GraphBuilder builder("pool");
      const auto x = builder.input("x", NumberType::float32, {2, size, size});
      const auto y = builder.add("Relu", "relu", {builder.adaptive_max_pool("pool", x, size, side)});
      builder.output(y, "y", {2, side, side});
      const Tensor map = torch::rand({3, 2, size, size});
      INFO(size << " to " << side);
      CHECK(torch::equal(GraphRunner(std::move(builder).graph()).run({map}).front(),
                         std::get<0>(at::adaptive_max_pool2d(map, {side, side}))));
    }
}

TEST_CASE("A graph that lacks a value, or has an operation of another kind, does not run", "[export]") {
  GraphBuilder builder("broken");
  builder.output(builder.add("Relu", "relu", {builder.input("x", NumberType::float32, {2})}), "y", {2});
  NetworkGraph graph = std::move(builder).graph();
  auto other = graph;
  other.nodes[0].op = "LSTM";
  CHECK_THROWS_WITH(GraphRunner(other), Catch::Contains("LSTM"));
  graph.nodes[0].inputs = {"z"};
  CHECK_THROWS_WITH(GraphRunner(graph), Catch::Contains("z"));
}

TEST_CASE("A kept model of other weights than its genome's is refused", "[export]") {
  const testing::TemporaryFolder folder;
  const auto& kind = kind_named("sum");
  (void)testing::keep_model(folder / "1", kind);
  auto settings = testing::settings_of(kind);
  std::swap(settings.modalities[0], settings.modalities[1]);
  CHECK_THROWS_WITH(KeptModel(folder / "1", settings), Catch::Contains("image, audio"));
  auto model = load_model(folder / "1", {find_space("avmnist-image"), find_space("avmnist-audio")});
  model.genome.backbones[0] = largest_genome(find_space("avmnist-image"));
  save_model(folder / "2", model);
  CHECK_THROWS_AS(KeptModel(folder / "2", testing::settings_of(kind)), InputError);
  model.fusion.clear();
  save_model(folder / "3", model);
  CHECK_THROWS_WITH(KeptModel(folder / "3", testing::settings_of(kind)), Catch::Contains("published protocol"));
}

}  // namespace
}  // namespace harmonic
