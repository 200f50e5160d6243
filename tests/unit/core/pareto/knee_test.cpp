#include "core/pareto/knee.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

using namespace harmonic;

TEST_CASE("The knee has the least sum of what it lacks of the best of every objective, by their spans", "[pareto]") {
  // Spans 4 and 4: 0/4 + 4/4, 1/4 + 1/4, 4/4 + 0/4.
  CHECK(ideal_distances({{0, 4}, {1, 1}, {4, 0}}) == std::vector<double>{1, 0.5, 1});
  CHECK(knee({{0, 4}, {1, 1}, {4, 0}}) == 1);
  // Three objectives, spans 10, 2 and 100: 0 + 1 + 1, 0.5 + 0 + 0.5, 1 + 0.5 + 0.
  CHECK(ideal_distances({{0, 2, 100}, {5, 0, 50}, {10, 1, 0}}) == std::vector<double>{2, 1, 1.5});
}

TEST_CASE("Units do not move the knee, and what is alike in all points does not count", "[pareto]") {
  CHECK(knee({{0, 4000, 7}, {1, 1000, 7}, {4, 0, 7}}) == 1);
  CHECK(ideal_distances({{3, 3}, {3, 3}}) == std::vector<double>{0, 0});
  CHECK(knee({{3, 3}, {3, 3}}) == 0);
}

TEST_CASE("A front without points has no knee", "[pareto]") {
  CHECK(ideal_distances({}).empty());
  CHECK_THROWS_AS(knee({}), InputError);
  CHECK_THROWS_AS(knee({{1, 2}, {1}}), InputError);
}
