#include "core/hardware/cost_memo.hpp"

#include <vector>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/space/genome.hpp"
#include "core/space/search_space.hpp"

using namespace harmonic;

TEST_CASE("A backbone's costs are found once a modality, and those of all others for themselves", "[hardware][memo]") {
  CostMemo memo;
  int priced = 0;
  const auto cost_of = [&](std::size_t modality, const BackboneGenome& genome, double ms) {
    return memo.of(modality, genome, [&] {
      ++priced;
      return std::vector<Cost>{Cost{ms, 2 * ms}};
    });
  };
  const auto genomes = all_genomes(find_space("avmnist-image"));
  for (int round = 0; round < 2; ++round)
    for (std::size_t modality = 0; modality < 2; ++modality)
      for (std::size_t i = 0; i < 100; ++i) {
        const double ms = static_cast<double>(1 + i + 1000 * modality);
        CHECK(cost_of(modality, genomes[i], ms).front() == Cost{ms, 2 * ms});
      }
  CHECK(priced == 200);
}

TEST_CASE("What cannot be priced is not remembered", "[hardware][memo]") {
  CostMemo memo;
  const BackboneGenome genome;
  CHECK_THROWS_AS(memo.of(0, genome, []() -> std::vector<Cost> { throw InputError("no row", "add it"); }), InputError);
  CHECK(memo.of(0, genome, [] { return std::vector<Cost>(3); }).size() == 3);
}

TEST_CASE("A search that never ends prices ever more backbones in the same memory", "[hardware][memo]") {
  CostMemo memo;
  int priced = 0;
  for (int i = 0; i < 50'000; ++i) {
    BackboneGenome genome;
    genome.depth = {i};
    (void)memo.of(0, genome, [&] { return ++priced, std::vector<Cost>(1); });
  }
  CHECK(priced == 50'000);
  BackboneGenome first;
  first.depth = {0};
  (void)memo.of(0, first, [&] { return ++priced, std::vector<Cost>(1); });
  CHECK(priced == 50'001);  // which was forgotten
}
