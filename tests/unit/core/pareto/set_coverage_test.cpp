#include "core/pareto/set_coverage.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"

using namespace harmonic;

TEST_CASE("A set covers of another what it is nowhere worse than", "[pareto]") {
  CHECK(set_coverage({{1, 1}}, {{2, 2}, {0, 3}}) == 0.5);
  CHECK(set_coverage({{2, 2}, {0, 3}}, {{1, 1}}) == 0);
  CHECK(set_coverage({{1, 3}, {3, 1}}, {{2, 2}}) == 0);  // none of the two alone
  CHECK(set_coverage({{0, 4}, {2, 2}, {4, 0}}, {{0, 5}, {1, 3}, {2, 2}, {5, 1}}) == 0.75);
}

TEST_CASE("Equal sets cover each other, and no set nothing", "[pareto]") {
  CHECK(set_coverage({{1, 2}, {2, 1}}, {{1, 2}, {2, 1}}) == 1);
  CHECK(set_coverage({}, {{1, 2}}) == 0);
  CHECK_THROWS_AS(set_coverage({{1, 2}}, {}), InputError);
  CHECK_THROWS_AS(set_coverage({{1, 2, 3}}, {{1, 2}}), InputError);
}
