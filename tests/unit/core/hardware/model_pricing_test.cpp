#include "core/hardware/model_pricing.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using testing::TemporaryFolder;

const BackboneSpace& space() {
  return find_space("avmnist-image");
}

/// Two devices on which everything costs the same, the second without energies.
DeviceSet devices(const TemporaryFolder& folder, Aggregate aggregate, std::optional<double> energy_of_b) {
  std::vector<DeviceSpec> specs;
  for (const auto& [name, energy] : {std::pair{"a", std::optional(1.0)}, std::pair{"b", energy_of_b}}) {
    LookUpTable rows;
    for (const auto& key : space_keys(space(), 10)) rows.set(key, {1.0, energy});
    rows.set(fusion_key("Sum", 192, 16), {1.0, energy});
    rows.save(folder / name);
    specs.push_back({name, {(folder / name).string()}});
  }
  return {specs, aggregate, {space(), space()}, {10, 10}};
}

ModelPricing pricing(DeviceSet set, const std::vector<std::string>& words) {
  std::vector<Objective> objectives;
  for (const auto& word : words) objectives.push_back(value_of(objective_choices(), word, "objective"));
  return {std::move(set), {{space(), space()}, {2, 2}, 10}, objectives};
}

const Genotype kGenotype = {{{0, 1, {{"Sum", 0, 1}}}}, {3, 4}};

TEST_CASE("Objectives are what was asked for, in that order", "[hardware]") {
  const TemporaryFolder folder;
  const auto set = devices(folder, Aggregate::mean, 1.0);
  const MultimodalGenome genome{{smallest_genome(space()), largest_genome(space())}, {1, 1}};
  const auto all = pricing(set, {"latency", "energy", "parameters", "macs"}).model(genome, kGenotype);
  REQUIRE(all.objectives.size() == 4);
  const auto some = pricing(set, {"macs", "latency"});
  CHECK(some.objective_names() == std::vector<std::string>{"macs", "latency"});
  CHECK(some.model(genome, kGenotype).objectives == std::vector{all.objectives[3], all.objectives[0]});
}

TEST_CASE("A size is told as a number, and compared as a multiple of the smallest networks'", "[hardware]") {
  const TemporaryFolder folder;
  const auto by_size = pricing(devices(folder, Aggregate::mean, 1.0), {"parameters", "macs"});
  const auto smallest = backbone_size(space(), smallest_genome(space()), 10);
  const auto largest = backbone_size(space(), largest_genome(space()), 10);
  CHECK_THAT(
      by_size.backbone(1, largest_genome(space())),
      Catch::Approx(std::vector{largest.parameters / (2 * smallest.parameters), largest.macs / (2 * smallest.macs)}));
  const MultimodalGenome genome{{smallest_genome(space()), smallest_genome(space())}, {1, 1}};
  const auto costs = by_size.model(genome, kGenotype);
  CHECK(costs.objectives[1] == Approx(costs.size.macs / (2 * smallest.macs)));
  CHECK(costs.objectives[1] > 1);  // the fusion network counts, too
}

TEST_CASE("Where every device counts for itself its costs are objectives of their own, and a size is still one",
          "[hardware]") {
  const TemporaryFolder folder;
  const auto each = pricing(devices(folder, Aggregate::each, 1.0), {"energy", "macs"});
  CHECK(each.objective_names() == std::vector<std::string>{"energy.a", "energy.b", "macs"});
  CHECK(each.backbone(0, smallest_genome(space())).size() == 3);
}

TEST_CASE("An objective that a device's table lacks is left out; none left is refused", "[hardware]") {
  const TemporaryFolder folder;
  const auto set = devices(folder, Aggregate::mean, std::nullopt);
  CHECK(pricing(set, {"latency", "energy"}).objective_names() == std::vector<std::string>{"latency"});
  CHECK_THROWS_AS(pricing(set, {"energy"}), InputError);
  CHECK_THROWS_WITH(pricing(set, {"energy"}), Catch::Contains("device b has no energy in some rows of table") &&
                                                  Catch::Contains("/b;") && !Catch::Contains("device a"));
  CHECK_NOTHROW(pricing(set, {"energy", "macs"}));
}

}  // namespace
}  // namespace harmonic
