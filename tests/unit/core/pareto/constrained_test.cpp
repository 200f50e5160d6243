#include "core/pareto/constrained.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "core/pareto/survival.hpp"

using namespace harmonic;
using Indices = std::vector<std::size_t>;

TEST_CASE("What keeps within the limits beats what does not, however good that is", "[pareto]") {
  CHECK(dominates({9, 9}, 0, {1, 1}, 0.1));
  CHECK_FALSE(dominates({1, 1}, 0.1, {9, 9}, 0));
  CHECK(dominates({9, 9}, 0.1, {1, 1}, 0.2));
  CHECK_FALSE(dominates({1, 1}, 0.1, {9, 9}, 0.1));
  CHECK(dominates({1, 1}, 0, {1, 2}, 0));
  CHECK_FALSE(dominates({1, 3}, 0, {2, 1}, 0));
}

TEST_CASE("What is beyond the limits survives last, by how far it is", "[pareto]") {
  const std::vector<Objectives> points = {{0, 0}, {3, 3}, {1, 4}, {0, 1}, {4, 1}, {9, 9}};
  const double never = std::numeric_limits<double>::infinity();
  const std::vector<double> violations = {0.5, 0, 0, never, 0, 0.2};
  CHECK(survivors(points, violations, 2) == survivors({{9, 9}, {3, 3}, {1, 4}, {9, 9}, {4, 1}, {9, 9}}, 2));
  CHECK(survivors(points, violations, 4) == Indices{2, 4, 1, 5});
  CHECK(survivors(points, violations, 9) == Indices{2, 4, 1, 5, 0, 3});
}

TEST_CASE("Without a violation survival is what it is without limits", "[pareto]") {
  const std::vector<Objectives> points = {{5, 5}, {0, 4}, {0.5, 3.5}, {2, 2}, {4, 0}};
  for (std::size_t count = 0; count <= points.size(); ++count)
    CHECK(survivors(points, std::vector<double>(points.size(), 0.0), count) == survivors(points, count));
}
