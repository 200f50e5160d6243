#include "core/pareto/fronts.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

using namespace harmonic;

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

TEST_CASE("Points that cannot be compared are refused", "[pareto]") {
  CHECK_THROWS_AS(fronts({{1, 2}, {1}}), InputError);
  CHECK_THROWS_AS(fronts({{}}), InputError);
  CHECK_THROWS_AS(fronts({{1, std::nan("")}}), InputError);
  CHECK_THROWS_AS(fronts({{1, std::numeric_limits<double>::infinity()}}), InputError);
}
