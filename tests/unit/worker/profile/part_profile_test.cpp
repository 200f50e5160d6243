#include "worker/profile/part_profile.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "core/hardware/network_parts.hpp"
#include "core/storage/append_file.hpp"
#include "tests/support/shared_data.hpp"
#include "worker/profile/visit_order.hpp"

namespace harmonic {
namespace {

/// Few rows, which are soon measured.
TableScope small_scope() {
  auto space = find_space("avmnist-image");
  space.kernels = {3};
  space.expands = {3, 4};
  TableScope scope;
  scope.spaces = {space};
  scope.head_classes = {4};
  scope.channels = 8;
  scope.positions = 4;
  scope.cost = CostScope::full;
  scope.operators = {"Sum", "ConcatFC"};
  return scope;
}

ProfileHooks until(int rounds, int& seen) {
  return {[&seen](const std::string&, double) { ++seen; }, [rounds, &seen] { return seen > rounds; }};
}

/// A meter that counts how often it is read.
class CountingMeter final : public EnergyMeter {
 public:
  double read_mj() override { return ++reads; }
  std::string name() const override { return "a count"; }
  int reads = 0;
};

}  // namespace

TEST_CASE("A round visits every row, network by network, and every round in another order", "[profile]") {
  TableScope scope;
  scope.spaces = {find_space("avmnist-image"), find_space("mmimdb-image")};
  scope.head_classes = {10, 23};
  scope.cost = CostScope::full;
  const auto keys = lut_keys(scope.parts());
  for (const std::uint64_t round : {0, 1, 2}) {
    std::set<std::string> seen;
    for (const auto& network : visit_order(scope, round)) seen.insert(network.begin(), network.end());
    CHECK(seen == std::set<std::string>(keys.begin(), keys.end()));
  }
  CHECK(visit_order(scope, 0) != visit_order(scope, 1));
  CHECK(visit_order(scope, 1) == visit_order(scope, 1));
}

TEST_CASE("A profile that was stopped goes on with what it has, and is done when every row is visited often enough",
          "[profile]") {
  const testing::TemporaryFolder folder;
  const Conditions conditions = {{"device", "this one"}};
  const auto scope = small_scope();
  const auto keys = lut_keys(scope.parts());
  ProfileLimits limits;
  limits.interval = 10;  // whatever comes
  limits.fewest_rounds = 8;
  int seen = 0;
  int rounds = 0;
  {
    VisitRecord record(folder / "r", conditions);
    CHECK_FALSE(profile_parts(scope, {}, limits, nullptr, record, until(3, seen)));
    rounds = record.rounds();
    CHECK(rounds > 0);
    CHECK(rounds < limits.fewest_rounds);
  }
  append_file(folder / "r", "visit,torn");  // as a kill leaves it
  VisitRecord record(folder / "r", conditions);
  CHECK(record.rounds() == rounds);
  CountingMeter meter;
  int more = 0;
  CHECK(profile_parts(scope, {}, limits, &meter, record, until(1000, more)));
  CHECK(record.rounds() >= limits.fewest_rounds);
  CHECK(meter.reads == 2 * static_cast<int>(keys.size()));
  for (const auto& key : keys) {
    INFO(key);
    REQUIRE_FALSE(record.of(key).ms.empty());
    CHECK(summarise(record.of(key)).median_ms > 0);
    CHECK(record.of(key).energy_mj.value() > 0);
  }
}

TEST_CASE("What was measured under other conditions is neither gone on with nor lost", "[profile]") {
  const testing::TemporaryFolder folder;
  VisitRecord(folder / "r", {{"threads", "1"}}).add_visits({{"a", 1.5}});
  CHECK_THROWS_WITH(VisitRecord(folder / "r", {{"threads", "2"}}),
                    Catch::Contains("threads (1 there, 2 given)") && Catch::Contains("--again"));
  CHECK(VisitRecord(folder / "r", {{"threads", "1"}}).of("a").ms == std::vector<double>{1.5});
}

TEST_CASE("A row whose second visits differ from the first by more than 10 % is not steady", "[profile]") {
  VisitRecord::Visits visits;
  for (int i = 0; i < 20; ++i) visits.ms.push_back(i < 10 ? 1.0 : 1.08);
  CHECK(summarise(visits).is_steady());
  CHECK(summarise(visits).second_over_first == Approx(1.08));
  for (int i = 10; i < 20; ++i) visits.ms[static_cast<std::size_t>(i)] = 0.85;
  CHECK_FALSE(summarise(visits).is_steady());
}

TEST_CASE("Whether a row is known within 3 % is told by the interval of its median", "[profile]") {
  VisitRecord::Visits visits{std::vector<double>(30, 2.0), {}};
  CHECK(summarise(visits).is_within(0.03));
  visits.ms = {1, 2, 1, 2, 1, 2, 1, 2};
  CHECK_FALSE(summarise(visits).is_within(0.03));
  visits.ms = {2, 2, 2};  // too few to tell
  CHECK_FALSE(summarise(visits).is_within(0.03));
}

}  // namespace harmonic
