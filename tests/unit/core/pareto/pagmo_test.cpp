// A peer's opinion: pagmo2's sorting, crowding distance and hypervolume on random points.
#include <algorithm>
#include <cmath>
#include <set>

#include <pagmo/utils/hypervolume.hpp>
#include <pagmo/utils/multi_objective.hpp>

#include <catch2/catch.hpp>

#include "core/base/rng.hpp"
#include "core/pareto/crowding.hpp"
#include "core/pareto/fronts.hpp"
#include "core/pareto/hypervolume.hpp"

using namespace harmonic;

namespace {

constexpr std::uint64_t kCases = 200;

/// Case `index`: 2 to 5 objectives, 3 to 60 points. Every third case lies on a coarse grid (ties, equal points), in
/// every third some points are repeated, the rest is in general position.
struct Case {
  explicit Case(std::uint64_t index) {
    RandomStream random(Seed{11}, "pagmo", index);
    const std::size_t objectives = 2 + index % 4;
    points.resize(3 + random.below(58));
    const bool grid = index % 3 == 1;
    for (auto& point : points)
      for (std::size_t d = 0; d < objectives; ++d)
        point.push_back(grid ? static_cast<double>(random.below(6)) : random.uniform(-2, 10));
    if (index % 3 == 2)
      for (std::size_t i = 0; i < 1 + points.size() / 5; ++i) points[random.below(points.size())] = random.pick(points);
  }

  std::vector<Objectives> points;
};

/// Where two points of a front are alike in an objective the definition leaves open which is the neighbour of which.
bool has_ties(const std::vector<Objectives>& front) {
  for (std::size_t d = 0; d < front[0].size(); ++d) {
    std::set<double> values;
    for (const auto& point : front)
      if (!values.insert(point[d]).second) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("Non-dominated sorting agrees with pagmo2", "[pareto][pagmo]") {
  for (std::uint64_t index = 0; index < kCases; ++index) {
    INFO("case " << index);
    const Case sample(index);
    auto theirs = std::get<0>(pagmo::fast_non_dominated_sorting(sample.points));
    for (auto& front : theirs) std::ranges::sort(front);
    const auto ours = fronts(sample.points);
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t f = 0; f < ours.size(); ++f) CHECK(std::ranges::equal(ours[f], theirs[f]));
  }
}

TEST_CASE("Crowding distance agrees with pagmo2 where it is defined", "[pareto][pagmo]") {
  std::size_t compared = 0;
  for (std::uint64_t index = 0; index < kCases; ++index) {
    const Case sample(index);
    for (const Front& front : fronts(sample.points)) {
      std::vector<Objectives> members;
      for (const std::size_t p : front) members.push_back(sample.points[p]);
      if (members.size() < 2 || has_ties(members)) continue;
      INFO("case " << index);
      CHECK_THAT(crowding_distance(sample.points, front),
                 Catch::Approx(pagmo::crowding_distance(members)).epsilon(1e-12));
      ++compared;
    }
  }
  CHECK(compared >= kCases);
}

TEST_CASE("Hypervolume agrees with pagmo2", "[pareto][pagmo]") {
  for (std::uint64_t index = 0; index < kCases; ++index) {
    INFO("case " << index);
    const Case sample(index);
    Objectives reference = worst_point(sample.points);
    for (double& value : reference) value += 0.5;
    const double theirs = pagmo::hypervolume(sample.points).compute(reference);
    CHECK(hypervolume(sample.points, reference) == Approx(theirs).epsilon(1e-10));
  }
}

TEST_CASE("The hypervolume of a front of hundreds agrees with pagmo2", "[pareto][pagmo]") {
  const std::size_t objectives = GENERATE(2, 3, 4);
  const bool bulges_out = GENERATE(false, true);
  RandomStream random(Seed{12}, "pagmo", objectives);
  std::vector<Objectives> points(400, Objectives(objectives));
  for (auto& point : points) {  // on a sphere: none dominates another
    double norm = 0;
    for (auto& value : point) {
      value = random.uniform();
      norm += value * value;
    }
    for (auto& value : point) value = bulges_out ? value / std::sqrt(norm) : 1 - value / std::sqrt(norm);
  }
  const Objectives reference(objectives, 1.1);
  CHECK(hypervolume(points, reference) == Approx(pagmo::hypervolume(points).compute(reference)).epsilon(1e-10));
}
