#include "core/pareto/hypervolume.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"

using namespace harmonic;

TEST_CASE("The hypervolume of a few points is what one counts by hand", "[pareto]") {
  CHECK(hypervolume({{1}}, {3}) == 2);
  CHECK(hypervolume({{1, 2}, {2, 1}}, {3, 3}) == 3);
  CHECK(hypervolume({{0, 0, 0}}, {2, 3, 4}) == 24);
  CHECK(hypervolume({{0, 1, 1}, {1, 0, 1}, {1, 1, 0}}, {2, 2, 2}) == 4);
  CHECK(hypervolume({{1, 1, 1, 1}, {0, 1, 1, 1}}, {2, 2, 2, 2}) == 2);
}

TEST_CASE("Duplicates and dominated points change no hypervolume", "[pareto]") {
  CHECK(hypervolume({{1, 2}, {2, 1}, {2, 1}, {2, 2}}, {3, 3}) == 3);
  CHECK(hypervolume({{0, 1, 1}, {1, 0, 1}, {1, 0, 1}, {1, 1, 1}, {1, 1, 0}}, {2, 2, 2}) == 4);
}

TEST_CASE("Points not below the reference add nothing", "[pareto]") {
  CHECK(hypervolume({}, {3, 3}) == 0);
  CHECK(hypervolume({{1, 2}, {0, 3}, {4, 0}}, {3, 3}) == 2);
  CHECK(hypervolume({{3, 3, 3}}, {3, 3, 3}) == 0);
}

TEST_CASE("The hypervolume is the share of random points that are dominated", "[pareto]") {
  const std::size_t objectives = GENERATE(2, 3, 4, 5, 6);
  RandomStream random(Seed{3}, "hypervolume", objectives);
  const auto point = [&] {
    Objectives p(objectives);
    for (auto& value : p) value = random.uniform();
    return p;
  };
  std::vector<Objectives> points;
  for (int i = 0; i < 20; ++i) points.push_back(point());
  constexpr int kSamples = 20'000;
  int hits = 0;
  for (int i = 0; i < kSamples; ++i) {
    const Objectives sample = point();
    for (const auto& p : points)
      if (dominates(p, sample)) {
        ++hits;
        break;
      }
  }
  // Five standard deviations of the estimate, at most 0.0177.
  CHECK(hypervolume(points, Objectives(objectives, 1.0)) == Approx(hits / double{kSamples}).margin(0.018));
}

TEST_CASE("The reference of no one's choice is the worst of every objective", "[pareto]") {
  CHECK(worst_point({{1, 5}, {4, 2}, {3, 3}}) == Objectives{4, 5});
  CHECK_THROWS_AS(worst_point({}), InputError);
}

TEST_CASE("A reference that does not fit the points is refused", "[pareto]") {
  CHECK_THROWS_AS(hypervolume({{1, 2}}, {3}), InputError);
  CHECK_THROWS_AS(hypervolume({{1, 2}}, {3, std::nan("")}), InputError);
}
