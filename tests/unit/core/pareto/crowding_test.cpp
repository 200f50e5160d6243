#include "core/pareto/crowding.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace harmonic;

namespace {
constexpr double kInfinity = std::numeric_limits<double>::infinity();
}

TEST_CASE("Crowding is the neighbours' gap over the extent, summed; infinite at the ends", "[pareto]") {
  CHECK(crowding_distance({{0, 4}, {1, 2}, {4, 0}}, {0, 1, 2}) == std::vector<double>{kInfinity, 2, kInfinity});
  CHECK(crowding_distance({{0, 4}, {1, 2}, {2, 1}, {4, 0}}, {3, 2, 1, 0}) ==
        std::vector<double>{kInfinity, 0.75 + 0.5, 0.5 + 0.75, kInfinity});
}

TEST_CASE("Fronts of one or two points have room without end", "[pareto]") {
  CHECK(crowding_distance({{1, 1}}, {0}) == std::vector<double>{kInfinity});
  CHECK(crowding_distance({{1, 2}, {2, 1}}, {0, 1}) == std::vector<double>{kInfinity, kInfinity});
  CHECK(crowding_distance({{1, 1}}, {}).empty());
}

TEST_CASE("An objective in which a front is alike adds nothing", "[pareto]") {
  CHECK(crowding_distance({{0, 7}, {1, 7}, {4, 7}}, {0, 1, 2}) == std::vector<double>{kInfinity, 1, kInfinity});
  CHECK(crowding_distance({{1, 1}, {1, 1}, {1, 1}}, {0, 1, 2}) == std::vector<double>{kInfinity, 0, kInfinity});
}

TEST_CASE("Every point is crowded by its own front alone", "[pareto]") {
  CHECK(crowding_distance({{0, 4}, {5, 5}, {1, 2}, {4, 0}}) == std::vector<double>{kInfinity, kInfinity, 2, kInfinity});
}
