#include "core/pareto/fronts.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "tests/support/peak_memory.hpp"

using namespace harmonic;

namespace {

/// The definition itself: a point's front is one behind the last front that holds a point which dominates it.
std::vector<std::size_t> ranks_by_definition(const std::vector<Objectives>& points) {
  std::vector<std::size_t> ranks(points.size(), 0);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t a = 0; a < points.size(); ++a)
      for (std::size_t b = 0; b < points.size(); ++b)
        if (dominates(points[a], points[b]) && ranks[b] <= ranks[a]) {
          ranks[b] = ranks[a] + 1;
          changed = true;
        }
  }
  return ranks;
}

}  // namespace

TEST_CASE("A point dominates what is nowhere better and somewhere worse", "[pareto]") {
  CHECK(dominates({1, 2}, {1, 3}));
  CHECK_FALSE(dominates({1, 3}, {1, 2}));
  CHECK_FALSE(dominates({1, 3}, {2, 2}));
  CHECK_FALSE(dominates({1, 2}, {1, 2}));
}

TEST_CASE("Points sort into fronts, indices ascending", "[pareto]") {
  CHECK(fronts({{1, 4}, {2, 2}, {3, 3}}) == std::vector<Front>{{0, 1}, {2}});
  CHECK(fronts({{3, 3}, {2, 2}, {1, 1}}) == std::vector<Front>{{2}, {1}, {0}});
  CHECK(fronts({{2, 2}, {1, 5}, {2, 2}, {0, 0}}) == std::vector<Front>{{3}, {0, 1, 2}});
  CHECK(fronts({{5, 5, 5}}) == std::vector<Front>{{0}});
  CHECK(fronts({}).empty());
  CHECK(front_ranks({{1, 4}, {2, 2}, {3, 3}, {4, 4}}) == std::vector<std::size_t>{0, 0, 1, 2});
}

TEST_CASE("Fronts are those of the definition, ties and equal points among them", "[pareto]") {
  const std::size_t objectives = GENERATE(1, 2, 3, 4, 5);
  const std::size_t values = GENERATE(2, 4, 1000);  // that an objective may have
  RandomStream random(Seed{5}, "fronts", objectives, values);
  std::vector<Objectives> points(120, Objectives(objectives));
  for (auto& point : points)
    for (auto& value : point) value = static_cast<double>(random.below(values)) - 1;
  CHECK(front_ranks(points) == ranks_by_definition(points));
}

TEST_CASE("Sorting into fronts holds points, not pairs of points", "[pareto]") {
  constexpr std::size_t kPoints = 20'000;
  std::vector<Objectives> points;  // each dominates all that follow: 200 million pairs
  for (std::size_t i = 0; i < kPoints; ++i) points.push_back(Objectives(2, static_cast<double>(i)));
  const harmonic::testing::PeakMemory memory;
  const auto ranks = front_ranks(points);
  const auto rise = memory.rise_mib();
  CHECK(ranks.back() == kPoints - 1);
  if (rise) CHECK(*rise < 50);
}

TEST_CASE("Points that cannot be compared are refused", "[pareto]") {
  CHECK_THROWS_AS(fronts({{1, 2}, {1}}), InputError);
  CHECK_THROWS_AS(fronts({{}}), InputError);
  CHECK_THROWS_AS(fronts({{1, std::nan("")}}), InputError);
  CHECK_THROWS_AS(fronts({{1, std::numeric_limits<double>::infinity()}}), InputError);
}
