#include "master/search/breeding.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

const BackboneSpace& space() {
  return find_space("avmnist-image");
}
RandomStream stream(std::uint64_t n = 0) {
  return {Seed{3}, "breeding test", n};
}
bool nothing_known(const BackboneGenome&) {
  return false;
}

BackboneSpace tiny_space() {
  BackboneSpace tiny = space();
  tiny.kernels = {3};
  tiny.expands = {3, 4};
  tiny.depths = {2};
  return tiny;  // 4 networks
}

TEST_CASE("The first population is distinct and holds the smallest and the largest network", "[master]") {
  auto random = stream();
  const auto genomes = first_population(space(), 32, random);
  CHECK(genomes.size() == 32);
  CHECK(std::set(genomes.begin(), genomes.end()).size() == 32);
  CHECK(std::ranges::count(genomes, canonical(smallest_genome(space()))) == 1);
  CHECK(std::ranges::count(genomes, canonical(largest_genome(space()))) == 1);
  for (const auto& genome : genomes) {
    CHECK(genome == canonical(genome));
    CHECK_NOTHROW(check_genome(genome, space()));
  }
}

TEST_CASE("A space without genes has one backbone in every generation", "[master]") {
  auto random = stream();
  const auto& maxout = find_space("maxout");
  CHECK(first_population(maxout, 8, random) == std::vector{BackboneGenome{}});
  CHECK(next_population(maxout, {BackboneGenome{}}, {BackboneGenome{}}, {}, nothing_known, random) ==
        std::vector{BackboneGenome{}});
}

TEST_CASE("A space smaller than the population is used up, not searched for ever", "[master]") {
  auto random = stream();
  CHECK(first_population(tiny_space(), 100, random).size() == 4);
  const auto everything_known = [](const BackboneGenome&) { return true; };
  const std::vector kept = {canonical(smallest_genome(tiny_space()))};
  CHECK(next_population(tiny_space(), kept, kept, {}, everything_known, random) == kept);
}

TEST_CASE("The next population keeps the survivors and adds new valid children", "[master]") {
  for (std::uint64_t round = 0; round < 20; ++round) {
    auto random = stream(round);
    const auto before = first_population(space(), 16, random);
    const std::vector kept(before.begin(), before.begin() + 4);
    EvolutionSettings settings;
    settings.population = 16;
    const auto known = [&](const BackboneGenome& genome) { return std::ranges::count(before, genome) > 0; };
    const auto genomes = next_population(space(), kept, kept, settings, known, random);
    REQUIRE(genomes.size() == 16);
    CHECK(std::equal(kept.begin(), kept.end(), genomes.begin()));
    CHECK(std::set(genomes.begin(), genomes.end()).size() == 16);
    for (std::size_t i = kept.size(); i < genomes.size(); ++i) {
      CHECK_FALSE(known(genomes[i]));
      CHECK_NOTHROW(check_genome(genomes[i], space()));
      CHECK(genomes[i] == canonical(genomes[i]));
    }
  }
}

TEST_CASE("Pairs are distinct, new, and use every survivor", "[master]") {
  auto random = stream();
  const auto images = first_population(space(), 6, random);
  const auto sounds = first_population(find_space("avmnist-audio"), 4, random);
  std::set<MultimodalGenome> tried;
  for (int round = 0; round < 10; ++round) {
    const auto known = [&](const MultimodalGenome& genome) { return tried.contains(genome); };
    const auto pairs = pair_up({images, sounds}, 0, {}, {}, known, random);
    // Six for the six images, and the two that anchor a first generation.
    REQUIRE(pairs.size() == 8);
    if (round == 0) {
      for (const auto& image : images)
        CHECK(std::ranges::any_of(pairs, [&](auto& p) { return p.genome.backbones[0] == image; }));
      for (const auto& sound : sounds)
        CHECK(std::ranges::any_of(pairs, [&](auto& p) { return p.genome.backbones[1] == sound; }));
    }
    for (const auto& pair : pairs) {
      CHECK(tried.insert(pair.genome).second);
      CHECK_FALSE(pair.parent.has_value());
    }
  }
}

TEST_CASE("More pairs or fewer are made when they are asked for, and none that is known", "[master]") {
  auto random = stream();
  const auto images = first_population(space(), 3, random);
  const auto none_known = [](const MultimodalGenome&) { return false; };
  const auto all_known = [](const MultimodalGenome&) { return true; };
  CHECK(pair_up({images, images}, 12, {}, {}, none_known, random).size() == 12);
  CHECK(pair_up({images, images}, 2, {}, {}, none_known, random).size() == 2);
  CHECK(pair_up({images, images}, 2, {}, {}, all_known, random).empty());
}

TEST_CASE("The first pairs of a run are the lightest survivors with the smallest and the usual macro-architecture",
          "[master]") {
  const auto& space = find_space("avmnist-image");
  RandomStream random(Seed{9}, "anchors");
  const std::vector<BackboneGenome> survivors = {canonical(largest_genome(space)), canonical(smallest_genome(space))};
  const KnownModel none = [](const MultimodalGenome&) { return false; };
  const auto pairs = pair_up({survivors, survivors}, 6, {}, {}, none, random);
  REQUIRE(pairs.size() == 6);
  for (const auto& backbone :
       {pairs[0].genome.backbones[0], pairs[0].genome.backbones[1], pairs[1].genome.backbones[0]})
    CHECK(backbone == survivors[1]);
  CHECK(pairs[0].genome.macro == MacroArchitecture{1, 1});
  CHECK(pairs[1].genome.macro == MacroArchitecture{2, 1});
}

TEST_CASE("A pair's macro-architecture is crossed from its parents', and names the parent that has the same",
          "[master]") {
  auto random = stream();
  const auto images = first_population(space(), 16, random);
  EvolutionSettings settings;
  settings.mutation = 0;
  const std::vector<MacroParent> parents = {{CandidateId{5}, {4, 3}}, {CandidateId{9}, {1, 2}}};
  int crossed = 0;
  for (const auto& pair : pair_up(
           {images, images}, 200, parents, settings, [](const auto&) { return false; }, random)) {
    const auto& macro = pair.genome.macro;
    CHECK((macro.cells == 4 || macro.cells == 1));
    CHECK((macro.nodes == 3 || macro.nodes == 2));
    if (macro == parents[0].macro) {
      CHECK(pair.parent == parents[0].id);
    } else if (macro == parents[1].macro) {
      CHECK(pair.parent == parents[1].id);
    } else {
      ++crossed;
      CHECK_FALSE(pair.parent.has_value());
    }
  }
  CHECK(crossed > 0);
}

TEST_CASE("A pair's macro-architecture mutates as often as its other genes", "[master]") {
  auto random = stream();
  const auto images = first_population(space(), 16, random);
  EvolutionSettings settings;
  settings.mutation = 0.4;
  const auto pairs = pair_up(
      {images, images}, 200, {{CandidateId{1}, {2, 1}}}, settings, [](const auto&) { return false; }, random);
  const auto unchanged = std::ranges::count_if(pairs, [](const auto& p) { return p.genome.macro.cells == 2; });
  CHECK(static_cast<double>(unchanged) / static_cast<double>(pairs.size()) == Approx(0.6).margin(0.12));
}

}  // namespace
}  // namespace harmonic
