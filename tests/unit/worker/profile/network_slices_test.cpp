#include "worker/profile/network_slices.hpp"

#include <map>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "core/hardware/network_parts.hpp"
#include "worker/export/graph_runner.hpp"
#include "worker/profile/part_graphs.hpp"
#include "worker/profile/untrained_networks.hpp"
#include "worker/profile/whole_networks.hpp"

namespace harmonic {
namespace {

using torch::Tensor;

/// Runs pieces one after another, each on what those before it gave.
std::map<std::string, Tensor> run_pieces(const std::vector<NetworkSlice>& pieces,
                                         std::map<std::string, Tensor> values) {
  for (const auto& piece : pieces) {
    std::vector<Tensor> inputs;
    for (const auto& input : piece.graph.inputs) inputs.push_back(values.at(input.name));
    const auto outputs = GraphRunner(piece.graph).run(inputs);
    for (std::size_t i = 0; i < outputs.size(); ++i) values[piece.graph.outputs[i].name] = outputs[i];
  }
  return values;
}

ModelSizing av_mnist() {
  return {{find_space("avmnist-image"), find_space("avmnist-audio")}, {4, 4}, 10, 192, 16, true};
}

}  // namespace

TEST_CASE("A network's pieces, one after another, compute what the network does", "[profile]") {
  const UntrainedNetworks networks(av_mnist());
  for (const auto& drawn : draw_networks(av_mnist(), 2, 4, {"ScaleDotAttn", "LinearGLU", "SE1", "Sum"}, 1)) {
    INFO(drawn.name);
    const auto graph = graph_of(drawn, networks);
    std::map<std::string, Tensor> inputs;
    std::vector<Tensor> in_order;
    for (const auto& input : graph.inputs) {
      std::vector<std::int64_t> shape = {2};
      shape.insert(shape.end(), input.sample_shape.begin(), input.sample_shape.end());
      in_order.push_back(inputs[input.name] = torch::randn(shape));
    }
    const auto expected = GraphRunner(graph).run(in_order);
    const auto values = run_pieces(slice(graph, table_piece), inputs);
    for (std::size_t i = 0; i < expected.size(); ++i)
      CHECK(torch::equal(values.at(graph.outputs[i].name), expected[i]));
  }
}

TEST_CASE("A network has a piece for every row that prices it, in the same order", "[profile]") {
  const UntrainedNetworks networks(av_mnist());
  for (const auto& drawn : draw_networks(av_mnist(), 4, 6, {"CatConvMish", "ConcatFC", "SE1"}, 2)) {
    INFO(drawn.name);
    const auto pieces = slice(graph_of(drawn, networks), table_piece);
    CHECK(pieces.size() == parts_of(drawn, av_mnist(), CostScope::full).size());
  }
}

TEST_CASE("Every row of a table has a network of its own, late fusion's and other spaces' too", "[profile]") {
  TableScope scope;
  scope.spaces = {find_space("harmp-image"), find_space("maxout-77")};
  scope.head_classes = {3};
  scope.cost = CostScope::full;
  scope.operators = {"Sum", "ScaleDotAttn", "SE2"};
  const auto graphs = part_graphs(scope);
  const auto keys = lut_keys(scope.parts());
  CHECK(graphs.size() == keys.size());
  for (const auto& key : keys) {
    INFO(key);
    REQUIRE(graphs.contains(key));
    CHECK_FALSE(graphs.at(key).outputs.empty());
  }
  const auto& add = graphs.at("LateSum-backbones:2-input:1_3");
  CHECK(add.inputs.size() == 2);
}

TEST_CASE("The same seed draws the same networks, of all spaces that have genes", "[profile]") {
  const auto networks = draw_networks(av_mnist(), 6, 2, {"Sum"}, 5),
             again = draw_networks(av_mnist(), 6, 2, {"Sum"}, 5);
  REQUIRE(networks.size() == 8);
  for (std::size_t n = 0; n < networks.size(); ++n) CHECK(networks[n].name == again[n].name);
  CHECK(networks[0].group == "avmnist-image");
  CHECK(networks[1].group == "avmnist-audio");
  CHECK(networks[7].group == "multimodal");
  CHECK(draw_networks({{find_space("avmnist-image")}, {4}, 10}, 3, 5, {"Sum"}, 5).size() == 3);
}

}  // namespace harmonic
