#include "core/space/variation.hpp"

#include <catch2/catch.hpp>

using namespace harmonic;

TEST_CASE("Mutation with probability 1 changes every gene to another value of the space", "[space][variation]") {
  const auto& space = find_space("mmimdb-image");
  RandomStream random(Seed{3}, "mutation");
  for (int round = 0; round < 20; ++round) {
    const auto parent = random_genome(space, random);
    const auto child = mutate(parent, space, 1.0, random);
    CHECK_NOTHROW(check_genome(child, space));
    for (std::size_t i = 0; i < parent.kernel.size(); ++i) {
      CHECK(child.kernel[i] != parent.kernel[i]);
      CHECK(child.expand[i] != parent.expand[i]);
    }
    for (std::size_t i = 0; i < parent.depth.size(); ++i) CHECK(child.depth[i] != parent.depth[i]);
  }
  const auto parent = random_genome(space, random);
  CHECK(mutate(parent, space, 0.0, random) == parent);
}

TEST_CASE("Crossover takes each gene from one of its parents, with the given odds", "[space][variation]") {
  const auto& space = find_space("mmimdb-image");
  RandomStream random(Seed{4}, "crossover");
  const auto first = smallest_genome(space);
  const auto second = largest_genome(space);
  int from_first = 0, genes = 0;
  for (int round = 0; round < 200; ++round) {
    const auto child = crossover(first, second, 0.8, random);
    for (const int k : child.kernel) {
      REQUIRE((k == 3 || k == 7));
      from_first += k == 3;
      ++genes;
    }
  }
  CHECK(from_first / static_cast<double>(genes) == Approx(0.8).margin(0.03));
}

TEST_CASE("The macro-architecture is the usual one with the published odds", "[space][variation]") {
  RandomStream random(Seed{5}, "macro");
  const MacroOptions options;
  int usual_cells = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto macro = draw_macro(options, random);
    usual_cells += macro.cells == 2;
    REQUIRE((macro.cells >= 1 && macro.cells <= 4 && macro.nodes >= 1 && macro.nodes <= 4));
  }
  CHECK(usual_cells / 5000.0 == Approx(0.6).margin(0.04));
}

TEST_CASE("A macro-architecture's numbers are crossed and mutated as genes of their own", "[space][variation]") {
  RandomStream random(Seed{6}, "macro");
  const MacroOptions options;
  int from_first = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto child = crossover({1, 3}, {4, 2}, 0.8, random);
    REQUIRE((child.cells == 1 || child.cells == 4));
    REQUIRE((child.nodes == 3 || child.nodes == 2));
    from_first += (child.cells == 1) + (child.nodes == 3);
    const auto other = mutate(child, options, 1.0, random);
    REQUIRE(other.cells != child.cells);
    REQUIRE(other.nodes != child.nodes);
    REQUIRE((other.cells >= 1 && other.cells <= 4 && other.nodes >= 1 && other.nodes <= 4));
    REQUIRE(mutate(child, options, 0.0, random) == child);
  }
  CHECK(from_first / 4000.0 == Approx(0.8).margin(0.03));
}

TEST_CASE("Where one macro-architecture alone is allowed, mutation keeps to it", "[space][variation]") {
  RandomStream random(Seed{7}, "macro");
  const MacroOptions options{{3, 2}, 0, {1, 4}, {1, 4}};
  CHECK(mutate({3, 2}, options, 1.0, random) == MacroArchitecture{3, 2});
}
