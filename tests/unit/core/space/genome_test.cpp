#include "core/space/genome.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

using namespace harmonic;

namespace {
const BackboneSpace& image() {
  return find_space("avmnist-image");
}
}  // namespace

TEST_CASE("A genome's text reads back as the same genome", "[space][genome]") {
  RandomStream random(Seed{1}, "genome");
  for (const auto& space : published_spaces()) {
    for (int i = 0; i < 20; ++i) {
      const auto genome = random_genome(space, random);
      CHECK(parse_genome(to_text(genome), space) == genome);
      CHECK(parse_genome(to_text(canonical(genome)), space) == canonical(genome));
    }
  }
}

TEST_CASE("A genome is read as people write it", "[space][genome]") {
  const auto usual = parse_genome("K=5,5,5,5;E=3,3,4,3;D=2", image());
  for (const auto* same : {"k=5,5,5,5;e=3,3,4,3;d=2", " K = 5, 5, 5, 5 ; E = 3, 3, 4, 3 ; D = 2 ; ",
                           "K=5 5 5 5 E=3 3 4 3 D=2", "D=2;E=3,3,4,3;K=5", "K=5,5,5,5;E=3,3,4,3"})
    CHECK(parse_genome(same, image()) == usual);
  CHECK(parse_genome("Largest", image()) == largest_genome(image()));
  CHECK(parse_genome("D=2", image()) == smallest_genome(image()));
  CHECK(canonical(parse_genome("K=5,7;E=3,4", image())) == parse_genome("K=5,7,0,0;E=3,4,0,0;D=2", image()));
  const auto& deep = find_space("harmp-image");
  CHECK(canonical(parse_genome("K=3,5,7,3,5,7,3;E=3;D=2,3,2", deep)).kernel ==
        std::vector<int>{3, 5, 0, 0, 7, 3, 5, 0, 7, 3, 0, 0});
  CHECK(parse_genome("D=3", deep).depth == std::vector<int>{3, 3, 3});
}

TEST_CASE("Genomes that differ only beyond their depth are one network", "[space][genome]") {
  const auto a = parse_genome("K=5,5,5,5;E=3,3,4,3;D=2", image());
  const auto b = parse_genome("K=5,5,3,7;E=3,3,6,6;D=2", image());
  const auto c = parse_genome("K=5,5,3,7;E=3,3,6,6;D=3", image());
  CHECK(a != b);
  CHECK(canonical(a) == canonical(b));
  CHECK(canonical(b) != canonical(c));
}

TEST_CASE("A genome outside its space is refused by gene, value and choices", "[space][genome]") {
  for (const auto* bad :
       {"K=5,5,5;E=3,3,4,3;D=2", "K=5,5,5,4;E=3,3,4,3;D=4", "K=5,5,5,5;E=3,3,4,5;D=4", "K=5,5,5,5;E=3,3,4,3;D=5",
        "K=5,5,5;E=3,3,4,3", "K=5,5,5,5;E=3,3,4,3;D=2;D=2", "K=5,5,5,5;X=1", "fixed", "", "K=0,5,5,5;E=3,3,4,3;D=2",
        "K=5,,5,5", "K=5,5,5,5,", "K", "K=", "5,5,5,5", "K5=5"})
    CHECK_THROWS_AS(parse_genome(bad, image()), InputError);
  for (const auto* bad : {"K=5,5,5;D=2", "X=1", ""})
    CHECK_THROWS_WITH(parse_genome(bad, image()), Catch::Contains("write it as K=3,3,3,3;E=3,3,3,3;D=2"));
  CHECK_THROWS_WITH(parse_genome("K=5", find_space("maxout")), Catch::Contains("write it as fixed"));
  try {
    (void)parse_genome("K=5,5,5,4;E=3,3,4,3;D=4", image());
    FAIL("accepted");
  } catch (const InputError& e) {
    CHECK_THAT(e.what(), Catch::Contains("K[3]") && Catch::Contains("4") && Catch::Contains("3, 5, 7"));
  }
}

TEST_CASE("The AV-MNIST space has 7371 networks, each listed once", "[space][genome]") {
  const auto all = all_genomes(image());
  CHECK(all.size() == 81 + 729 + 6561);
  CHECK(std::ranges::is_sorted(all));
  CHECK(std::set<BackboneGenome>(all.begin(), all.end()).size() == all.size());
  for (const auto& genome : all) REQUIRE(canonical(genome) == genome);
  CHECK_THROWS_AS(all_genomes(find_space("mmimdb-image")), InputError);
}

TEST_CASE("An unknown space names the nearest one", "[space]") {
  CHECK_THROWS_WITH(find_space("avmnist-imag"), Catch::Contains("avmnist-image"));
}

TEST_CASE("Channels are multiples of 8 and never below nine tenths of the target", "[space]") {
  CHECK(make_divisible(16 * 1.2, 8) == 24);
  CHECK(make_divisible(40 * 1.2, 8) == 48);
  CHECK(make_divisible(3, 8) == 8);
  const auto& space = find_space("mmimdb-image");
  std::vector<int> widths = {space.scaled(space.first_width)};
  for (const auto& stage : space.stages) widths.push_back(space.scaled(stage.width));
  CHECK(widths == std::vector<int>{24, 32, 48, 96, 136, 192});
  CHECK(space.scaled(space.final_expand) == 1152);
  CHECK(space.scaled(space.feature_mix) == 1536);
}
