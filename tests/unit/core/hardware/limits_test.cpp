#include "core/hardware/limits.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/model_pricing.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::TemporaryFolder;

namespace {

const BackboneSpace& space() {
  return find_space("avmnist-image");
}

/// Every row 1 ms and 2 mJ; those that hold `unsupported` cannot be run.
std::string table(const TemporaryFolder& folder, const std::string& name, const std::string& unsupported = "",
                  std::optional<double> energy_mj = 2) {
  LookUpTable rows;
  auto keys = space_keys(space(), 10);
  for (const auto& op : searched_operators()) keys.push_back(fusion_key(op, 192, 16));
  for (const auto& key : keys)
    rows.set(key, unsupported.empty() || key.find(unsupported) == std::string::npos ? Cost{1.0, energy_mj}
                                                                                    : Cost::unsupported());
  rows.save(folder / name);
  return (folder / name).string();
}

ModelPricing pricing(const std::vector<DeviceSpec>& devices, const Bounded& bounded,
                     Aggregate aggregate = Aggregate::mean) {
  return {{devices, aggregate, {space(), space()}, {10, 10}},
          {{space(), space()}, {4, 4}, 10},
          device_objectives(),
          bounded};
}

Bounded bounded(const std::vector<std::string>& bounds, int fewest_cells = 0) {
  Bounded result{{}, searched_operators(), fewest_cells};
  for (const auto& text : bounds) result.bounds.push_back(parse_bound(text, true));
  return result;
}

MultimodalGenome model(const char* image, const char* audio, MacroArchitecture macro) {
  return {{parse_genome(image, space()), parse_genome(audio, space())}, macro};
}

}  // namespace

TEST_CASE("A model is beyond its bounds by the share that it exceeds each by", "[hardware]") {
  const TemporaryFolder folder;
  // 5 fixed rows and one a block: the smallest pair has 14, 14 ms and 28 mJ.
  const auto prices = pricing({{"a", {table(folder, "a.json")}, 1}}, bounded({"latency_ms.a 16", "energy_mj.a=28"}, 0));
  CHECK(prices.limits().text() == "latency_ms.a <= 16 and energy_mj.a <= 28");
  const auto violation = [&](const char* image, MacroArchitecture macro) {
    return prices.model(model(image, "K=3;E=3;D=2", macro), {{}, {}, late_fusion_of(macro)}).violation;
  };
  const auto sum = macro_of(LateFusion::sum);
  CHECK(violation("K=3;E=3;D=2", sum) == 0);
  CHECK(violation("K=3;E=3;D=4", sum) == Approx(4.0 / 28));
}

TEST_CASE("What no model can keep within is told at the start, with the least that is reachable", "[hardware]") {
  const TemporaryFolder folder;
  const std::vector<DeviceSpec> devices = {{"a", {table(folder, "a.json")}, 1}};
  CHECK_NOTHROW(pricing(devices, bounded({"latency_ms.a 14"})));
  CHECK_THROWS_WITH(pricing(devices, bounded({"latency_ms.a 13.9"})),
                    Contains("latency_ms.a <= 13.9") && Contains("14 at least"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"latency_ms.a 15"}, /*fewest_cells=*/2)), Contains("16 at least"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"latency 0.9"})), Contains("latency is 1 at least"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"parameters 10"})), Contains("parameters is"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"macs -1"})), Contains("macs"));
}

TEST_CASE("A bound on what no model has is refused", "[hardware]") {
  const TemporaryFolder folder;
  const std::vector<DeviceSpec> devices = {{"tx2", {table(folder, "a.json")}, 1},
                                           {"cpu", {table(folder, "b.json", "", std::nullopt)}, 1}};
  CHECK_THROWS_WITH(pricing(devices, bounded({"latency_ms.tx3 99"})), Contains("tx3") && Contains("latency_ms.tx2"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"metric_val 99"})), Contains("metric_val"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"latency_ms.tx2 99", "latency_ms.tx2 98"})), Contains("twice"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"energy_mj.cpu 99"})), Contains("energy") && Contains("b.json"));
  CHECK_THROWS_WITH(pricing(devices, bounded({"energy 99"})), Contains("b.json"));
  CHECK_NOTHROW(pricing(devices, bounded({"energy_mj.tx2 99"})));
}

TEST_CASE("What a pair must be beyond its bounds by is known before its fusion is", "[hardware]") {
  const TemporaryFolder folder;
  const auto prices = pricing({{"a", {table(folder, "a.json")}, 1}}, bounded({"latency_ms.a 16"}));
  const char *small = "K=3;E=3;D=2", *large = "K=7;E=6;D=4";
  CHECK(prices.least_violation(model(small, small, {2, 1})) == 0);
  CHECK(prices.least_violation(model(small, small, {3, 1})) == Approx(1.0 / 16));
  CHECK(prices.least_violation(model(large, large, {0, 1})) == Approx(2.0 / 16));
  CHECK(prices.least_violation(0, parse_genome(large, space())) == 0);
  const auto tight = pricing({{"a", {table(folder, "a.json")}, 1}}, bounded({"latency_ms.a 15"}));
  CHECK(tight.least_violation(0, parse_genome(large, space())) == Approx(1.0 / 15));
  CHECK(tight.model(model(small, large, macro_of(LateFusion::sum)), {{}, {}, LateFusion::sum}).violation ==
        Approx(1.0 / 15));
}

TEST_CASE("Networks that a device cannot run are infinitely far beyond, and their genes are not to be had",
          "[hardware]") {
  const TemporaryFolder folder;
  const auto prices =
      pricing({{"all", {table(folder, "a.json")}, 1}, {"some", {table(folder, "b.json", "kernel:7")}, 1}}, bounded({}));
  const auto seven = parse_genome("K=7,3,0,0;E=3,3,0,0;D=2", space());
  CHECK(prices.least_violation(0, seven) == std::numeric_limits<double>::infinity());
  CHECK(prices.least_violation(0, smallest_genome(space())) == 0);
  CHECK_FALSE(prices.choices()[0].allows(seven));
  RandomStream random(Seed{1}, "repair");
  CHECK(prices.least_violation(0, prices.choices()[0].repaired(seven, random)) == 0);
}

TEST_CASE("A device that can run no network, or not an operator, is refused with what to do", "[hardware]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(pricing({{"npu", {table(folder, "a.json", "ConvLayer-input:1_1_28")}, 1}}, bounded({})),
                    Contains("npu") && Contains("avmnist-image") && Contains("ConvLayer-input:1_1_28"));
  CHECK_THROWS_WITH(pricing({{"npu", {table(folder, "b.json", "SE1")}, 1}}, bounded({})),
                    Contains("npu") && Contains("SE1") && Contains("--operators Sum,"));
}

TEST_CASE("Where the smallest network cannot be run costs are measured against the fastest that can", "[hardware]") {
  const TemporaryFolder folder;
  const auto odd = pricing({{"d", {table(folder, "e.json", "mid_ch:48-expand:3-kernel:3")}, 1}}, bounded({}));
  CHECK(odd.backbone(0, parse_genome("K=5,3,0,0;E=3,3,0,0;D=2", space())).front() == Approx(0.5));
}
