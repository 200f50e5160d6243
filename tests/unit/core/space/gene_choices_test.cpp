#include "core/space/gene_choices.hpp"

#include <algorithm>
#include <limits>

#include <catch2/catch.hpp>

using namespace harmonic;

namespace {

const BackboneSpace& space() {
  return find_space("avmnist-image");
}

bool is_block(const Layer& layer) {
  return layer.position >= 0;
}

/// A number a layer that has no order in kernel, expansion or place.
double odd_cost(const Layer& layer) {
  return 1 + (7 * layer.kernel + 5 * layer.mid_channels + 11 * layer.position + 3 * layer.resolution) % 13;
}

double sum_of(const BackboneGenome& genome) {
  double sum = 0;
  for (const auto& layer : backbone_layers(space(), genome, 10)) sum += odd_cost(layer);
  return sum;
}

}  // namespace

TEST_CASE("The least backbone is the least of all", "[space]") {
  const auto least = least_backbone(space(), 10, odd_cost);
  const auto all = all_genomes(space());
  CHECK(least.value == Approx(sum_of(std::ranges::min(all, {}, sum_of))));
  CHECK(sum_of(least.genome) == Approx(least.value));
}

TEST_CASE("Where every network has a layer that is infinite the least is", "[space]") {
  const auto least = least_backbone(space(), 10, [](const Layer& layer) {
    return layer.position == 1 ? std::numeric_limits<double>::infinity() : 1.0;
  });
  CHECK(least.value == std::numeric_limits<double>::infinity());
}

TEST_CASE("Genes that cannot be had are drawn anew, the others stay", "[space]") {
  const GeneChoices choices(space(), [](const Layer& layer) { return !is_block(layer) || layer.kernel < 7; });
  REQUIRE(choices.any());
  RandomStream random(Seed{1}, "repair");
  const auto genome = parse_genome("K=7,5,7,3;E=3,4,6,6;D=3", space());
  const auto repaired = choices.repaired(genome, random);
  CHECK(choices.allows(repaired));
  CHECK(repaired.kernel[1] == 5);
  CHECK(repaired.expand[1] == 4);
  CHECK(repaired.depth == genome.depth);
  CHECK(repaired.kernel[3] == 3);  // of no block
  CHECK(choices.repaired(repaired, random) == repaired);
}

TEST_CASE("A block that cannot be had at all limits the depth", "[space]") {
  const GeneChoices choices(space(), [](const Layer& layer) { return layer.position != 2; });
  REQUIRE(choices.any());
  RandomStream random(Seed{1}, "repair");
  CHECK(choices.repaired(largest_genome(space()), random).depth == std::vector<int>{2});
  CHECK_FALSE(GeneChoices(space(), [](const Layer& layer) { return layer.position != 1; }).any());
  CHECK_FALSE(GeneChoices(space(), is_block).any());
}

TEST_CASE("Where all can be had nothing is drawn", "[space]") {
  RandomStream used(Seed{1}, "repair"), fresh(Seed{1}, "repair");
  const GeneChoices all(space(), [](const Layer&) { return true; });
  CHECK(all.repaired(largest_genome(space()), used) == largest_genome(space()));
  CHECK(GeneChoices().repaired(largest_genome(space()), used) == largest_genome(space()));
  CHECK(used.bits64() == fresh.bits64());
}

TEST_CASE("A negative expansion is a fused block of that width", "[space]") {
  BackboneSpace fused = space();
  fused.name = "fused";
  fused.expands = {3, 6, -3};
  check_space(fused);
  const auto genome = parse_genome("K=5,3,0,0;E=-3,3,0,0;D=2", fused);
  CHECK(to_text(genome) == "K=5,3,0,0;E=-3,3,0,0;D=2");
  const auto layers = backbone_layers(fused, genome, 10);
  CHECK(layers[2].fused);
  CHECK(layers[2].mid_channels == 3 * layers[2].in_channels);
  CHECK_FALSE(layers[3].fused);
  CHECK(smallest_genome(fused).expand.front() == 3);
  CHECK(largest_genome(fused).expand.front() == 6);
  fused.stages[0].squeeze_excite = true;
  CHECK_THROWS(check_space(fused));
}
