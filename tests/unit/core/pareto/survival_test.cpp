#include "core/pareto/survival.hpp"

#include <catch2/catch.hpp>

using namespace harmonic;
using Indices = std::vector<std::size_t>;

TEST_CASE("Earlier fronts survive, then those with more room", "[pareto]") {
  CHECK(survivors({{1, 4}, {2, 2}, {3, 3}, {4, 1}}, 2) == Indices{0, 3});
  CHECK(survivors({{1, 4}, {2, 2}, {3, 3}, {4, 1}}, 3) == Indices{0, 3, 1});
  CHECK(survivors({{5, 5}, {0, 4}, {0.5, 3.5}, {2, 2}, {4, 0}}, 3) == Indices{1, 4, 3});
}

TEST_CASE("Equal points survive in the order of their index", "[pareto]") {
  CHECK(survivors({{2, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}, 3) == Indices{1, 4, 2});
}

TEST_CASE("All points survive when there is room, none when none is asked for", "[pareto]") {
  CHECK(survivors({{2, 2}, {1, 1}}, 5) == Indices{1, 0});
  CHECK(survivors({{2, 2}, {1, 1}}, 0).empty());
  CHECK(survivors({}, 3).empty());
}
