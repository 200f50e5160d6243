#include "core/hardware/model_size.hpp"

#include <catch2/catch.hpp>

using namespace harmonic;

TEST_CASE("The size of a fusion network is what one counts by hand", "[hardware]") {
  // C = 2, L = 3; two maps of 4 and 5 channels, and a vector of 6, which nothing reads.
  const Genotype genotype{{{0, 1, {{"Sum", 0, 1}, {"ConcatFC", 0, 2}}}}, {3}};
  const auto size = fusion_size(genotype, {{4}, {5}, {6, true}}, /*classes=*/7, /*channels=*/2, /*positions=*/3);
  const double reshape = (4 * 2 + 2 + 4) + (5 * 2 + 2 + 4);  // weights, biases, batch norm
  const double cell = (2 * 2 * 2 + 2 + 4) + 2 * 6;           // ConcatFC's convolution and batch norm; layer norm
  const double head = 2 * 6 + (6 * 7 + 7);
  CHECK(size.parameters == reshape + cell + head);
  CHECK(size.macs == 3 * (4 * 2) + 3 * (5 * 2) + 3 * (4 * 2) + 6 * 7);
}

TEST_CASE("A vector feature is reshaped once, and an input that nothing reads costs nothing", "[hardware]") {
  const Genotype genotype{{{0, 1, {{"Sum", 0, 1}}}}, {2}};
  const auto size = [&](std::vector<FusionInput> inputs) { return fusion_size(genotype, inputs, 2, 4, 5); };
  CHECK(size({{3}, {3, true}}).macs == size({{3}, {3}}).macs - 4 * 3 * 4);
  CHECK(size({{3}, {3, true}}).parameters == size({{3}, {3}}).parameters);
  const Genotype reads_two{{{0, 1, {{"Sum", 0, 1}}}}, {3}};
  CHECK(fusion_size(reads_two, {{3}, {3}, {100}}, 2, 4, 5) == size({{3}, {3}}));
}

TEST_CASE("A larger sub-network has more parameters and multiply-adds", "[hardware]") {
  for (const auto* name : {"avmnist-image", "avmnist-audio", "mmimdb-image", "harmp-image"}) {
    INFO(name);
    const auto& space = find_space(name);
    const auto small = backbone_size(space, smallest_genome(space), 10);
    const auto large = backbone_size(space, largest_genome(space), 10);
    CHECK(small.parameters < large.parameters);
    CHECK(small.macs < large.macs);
  }
}
