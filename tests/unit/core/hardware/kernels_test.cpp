#include "core/hardware/kernels.hpp"

#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/hardware/fusion_operators.hpp"

using namespace harmonic;

namespace {

double flops(const std::vector<Kernel>& kernels) {
  return std::accumulate(kernels.begin(), kernels.end(), 0.0,
                         [](double sum, const Kernel& k) { return sum + k.flops; });
}

std::vector<Layer> layers(const char* space, const char* genome) {
  return backbone_layers(find_space(space), parse_genome(genome, find_space(space)), 10);
}

}  // namespace

TEST_CASE("A convolution's work and traffic are those of its shapes", "[hardware]") {
  const auto first = layer_kernels(layers("avmnist-image", "smallest")[0]);
  REQUIRE(first.size() == 3);  // convolution, batch norm, h_swish
  // 1x28x28 -> 16x14x14, 3x3: nine multiply-adds an output; 784 inputs, 3136 outputs, 144 weights.
  CHECK(first[0].flops == 2.0 * 3136 * 9);
  CHECK(first[0].bytes == 4.0 * (784 + 3136 + 144));
  CHECK_FALSE(first[0].depthwise);
  CHECK(first[1].bytes == 4.0 * (2 * 3136 + 32));
  CHECK(first[2].bytes == 4.0 * (2 * 3136));
}

TEST_CASE("A bottleneck launches its expansion, depthwise convolution and projection, and the first block no expansion",
          "[hardware]") {
  const auto all = layers("avmnist-image", "smallest");
  CHECK(layer_kernels(all[1]).size() == 5);
  const auto block = layer_kernels(all[2]);  // 16x14x14 -> 24x7x7 through 48, k3 s2
  REQUIRE(block.size() == 8);
  CHECK(block[0].flops == 2.0 * 48 * 14 * 14 * 16);
  CHECK(block[3].flops == 2.0 * 48 * 7 * 7 * 9);
  CHECK(block[3].depthwise);
  CHECK(block[6].flops == 2.0 * 24 * 7 * 7 * 48);
  CHECK(std::ranges::count(block, true, &Kernel::depthwise) == 1);
}

TEST_CASE("Squeeze-and-excite adds six kernels to a bottleneck", "[hardware]") {
  Layer layer = layers("harmp-image", "smallest")[4];
  REQUIRE(layer.squeeze_excite);
  const auto with = layer_kernels(layer);
  layer.squeeze_excite = false;
  CHECK(with.size() == layer_kernels(layer).size() + 6);
  CHECK(flops(with) > flops(layer_kernels(layer)));
}

TEST_CASE("A larger kernel or a wider expansion is more work", "[hardware]") {
  const auto small = layers("mmimdb-image", "smallest");
  const auto large = layers("mmimdb-image", "largest");
  // Block for block: the larger has the same first blocks of a stage.
  CHECK(flops(layer_kernels(large[2])) > flops(layer_kernels(small[2])));
  CHECK(layer_kernels(large[2]).size() == layer_kernels(small[2]).size());
}

TEST_CASE("A linear layer is one kernel", "[hardware]") {
  const auto kernels = layer_kernels(layers("avmnist-image", "smallest").back());
  REQUIRE(kernels.size() == 1);
  CHECK(kernels[0].flops == 2.0 * 81 * 10);
}

TEST_CASE("A Maxout backbone is three kernels a block", "[hardware]") {
  const auto kernels = maxout_kernels(find_space("maxout"));
  REQUIRE(kernels.size() == 6);
  CHECK(kernels[0].flops == 2.0 * 301 * 512);
  CHECK(kernels[3].flops == 2.0 * 129 * 1024);
}

TEST_CASE("What is searched by default are the six operators of the published work", "[hardware]") {
  CHECK(searched_operators() ==
        std::vector<std::string>{"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish"});
}

TEST_CASE("Every fusion operator has kernels, and LinearGLU twice ConcatFC's convolution", "[hardware]") {
  for (const auto& op : fusion_operators()) {
    INFO(op);
    CHECK_FALSE(fusion_kernels(op, 192, 16).empty());
    CHECK(flops(fusion_kernels(op, 192, 32)) > flops(fusion_kernels(op, 192, 16)));
  }
  CHECK(fusion_kernels("Sum", 192, 16).size() == 1);
  CHECK(fusion_kernels("LinearGLU", 192, 16)[1].flops == 2 * fusion_kernels("ConcatFC", 192, 16)[1].flops);
  CHECK_THROWS_WITH(fusion_kernels("LinearGlu", 192, 16), Catch::Matchers::Contains("LinearGLU"));
}
