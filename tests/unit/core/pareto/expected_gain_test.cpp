#include "core/pareto/expected_gain.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "core/pareto/hypervolume.hpp"

using namespace harmonic;

namespace {

constexpr std::size_t kPlaces = 20'000;

double gain_of(std::vector<Objectives> front, const Objectives& reference, const Objectives& point) {
  const double before = hypervolume(front, reference);
  front.push_back(point);
  return hypervolume(front, reference) - before;
}

}  // namespace

TEST_CASE("A point that is certain is expected to add what it adds", "[pareto]") {
  const std::size_t objectives = GENERATE(2, 3, 5);
  RandomStream random(Seed{4}, "gain", objectives);
  const auto point = [&] {
    Objectives p(objectives);
    for (auto& value : p) value = random.uniform(0.1, 1.1);  // a few beyond the reference
    return p;
  };
  const Objectives least(objectives, 0.0), reference(objectives, 1.0);
  for (int trial = 0; trial < 30; ++trial) {
    ExpectedGain gain(least, reference, kPlaces, random);
    std::vector<Objectives> front;
    for (int i = 0; i < trial % 12; ++i) {
      front.push_back(point());
      gain.add(front.back());
    }
    const auto added = point();
    const std::vector<double> others(added.begin() + 1, added.end());
    CHECK(gain.of({std::log(added[0]), 0}, others) == Approx(gain_of(front, reference, added)).margin(0.015));
  }
}

TEST_CASE("The expected gain is the mean of the gains of many draws", "[pareto]") {
  RandomStream random(Seed{5}, "draws");
  const Objectives reference = {4, 3, 3};
  const std::vector<Objectives> front = {{1, 2.5, 2}, {2, 1.5, 1.5}, {3, 1, 2.8}};
  ExpectedGain expected({0, 1, 1}, reference, kPlaces, random);
  for (const auto& point : front) expected.add(point);
  const LogNormal first{std::log(1.8), 0.4};
  constexpr int kDraws = 20'000;
  double sum = 0;
  for (int i = 0; i < kDraws; ++i)
    sum += gain_of(front, reference, {std::exp(first.mean + first.deviation * random.normal()), 1.2, 1.7});
  CHECK(expected.of(first, std::vector{1.2, 1.7}) == Approx(sum / kDraws).epsilon(0.03));
}

TEST_CASE("A point with costs beyond the reference, or surely dominated, is expected to add nothing", "[pareto]") {
  RandomStream random(Seed{6}, "nothing");
  ExpectedGain gain({0, 1}, {3, 3}, 100, random);
  CHECK(gain.of({0, 1}, std::vector{3.0}) == 0);
  gain.add({1, 1});
  CHECK(gain.of({std::log(2.0), 0}, std::vector{2.0}) == 0);
  CHECK(gain.of({std::log(2.0), 1}, std::vector{2.0}) > 0);
}
