#include "core/hardware/network_parts.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/device_model.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/hardware/multi_device.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;

ModelSizing sizing_of(const std::vector<std::string>& spaces, int classes) {
  ModelSizing sizing{{}, {}, classes, 192, 16, true};
  for (const auto& name : spaces) {
    sizing.spaces.push_back(find_space(name));
    sizing.features.push_back(2);
  }
  return sizing;
}

MultimodalGenome largest_of(const ModelSizing& sizing) {
  MultimodalGenome genome;
  for (const auto& space : sizing.spaces) genome.backbones.push_back(largest_genome(space));
  return genome;
}

}  // namespace

TEST_CASE("Every row that a network of a space asks for is among the space's own, whatever is priced", "[hardware]") {
  for (const auto& space : published_spaces())
    for (const auto scope : {CostScope::published, CostScope::full}) {
      const auto keys = space_keys(space, 7, scope);
      const std::set<std::string> known(keys.begin(), keys.end());
      CHECK(known.size() == keys.size());
      RandomStream random(Seed{3}, "parts");
      for (int i = 0; i < 40; ++i)
        for (const auto& part : backbone_parts(space, random_genome(space, random), 7, scope))
          CHECK(known.contains(lut_key(part)));
    }
}

TEST_CASE("A full cost has a pooling, and an addition for every block with a shortcut, besides published rows",
          "[hardware]") {
  const auto& space = find_space("mmimdb-image");
  const auto genome = largest_genome(space);
  const auto published = backbone_parts(space, genome, 23, CostScope::published);
  auto full = backbone_parts(space, genome, 23, CostScope::full);
  const auto shortcuts = std::ranges::count_if(published, [](const auto& part) { return part.layer.shortcut; });
  const auto count = [&](NetworkPart::Kind kind) { return std::ranges::count(full, kind, &NetworkPart::kind); };
  CHECK(count(NetworkPart::Kind::global_pool) == 1);
  CHECK(count(NetworkPart::Kind::residual_add) == shortcuts);
  std::erase_if(full, [](const auto& part) { return part.kind != NetworkPart::Kind::layer; });
  CHECK(full == published);
}

TEST_CASE("A table of the full scope prices every fusion network over its spaces", "[hardware]") {
  const auto sizing = sizing_of({"harmp-image", "maxout-77"}, 3);
  TableScope scope;
  scope.spaces = sizing.spaces;
  scope.head_classes = {3};
  scope.cost = CostScope::full;
  const auto table = model_table(device_profile("edge-gpu"), scope, "2026-01-02");
  const auto genome = largest_of(sizing);
  for (const auto* genotype : {"0+3:LinearGLU(0,1) -> 4", "1+2:Sum(0,1),SE1(2,0) | 3+4:ConcatFC(0,1) -> 4,5",
                               "late:sum", "late:logits", "late:maps"}) {
    INFO(genotype);
    const auto parts = fusion_parts(sizing, genome, parse_genotype(genotype));
    CHECK_NOTHROW(parts_cost(table, parts));
    CHECK(total(parts_cost(table, parts)).latency_ms() > 0);
  }
}

TEST_CASE("Only inputs that a fusion network reads are reshaped, and every cell ends with a norm", "[hardware]") {
  const auto sizing = sizing_of({"avmnist-image", "avmnist-audio"}, 10);
  const auto parts = fusion_parts(sizing, largest_of(sizing), parse_genotype("0+2:Sum(0,1) | 0+4:SE1(0,1) -> 4,5"));
  const auto count = [&](NetworkPart::Kind kind) { return std::ranges::count(parts, kind, &NetworkPart::kind); };
  CHECK(count(NetworkPart::Kind::reshape) == 2);
  CHECK(count(NetworkPart::Kind::fusion_operator) == 2);
  CHECK(count(NetworkPart::Kind::cell_norm) == 2);
  CHECK(count(NetworkPart::Kind::scaled_addition) == 2);
  const auto head = std::ranges::find(parts, NetworkPart::Kind::fusion_head, &NetworkPart::kind);
  REQUIRE(head != parts.end());
  CHECK(lut_key(*head) == "FusionHead-states:2-input:1_192_16-classes:10");
}

TEST_CASE("A table without the rows of a full cost says what makes them", "[hardware]") {
  const testing::TemporaryFolder folder;
  const auto space = find_space("avmnist-image");
  TableScope scope;
  scope.spaces = {space, find_space("avmnist-audio")};
  scope.head_classes = {10};
  model_table(device_profile("edge-gpu"), scope, "2026-01-02").save(folder / "t.json");
  const auto table = LookUpTable::load({folder / "t.json"});
  PricedNetworks networks{.spaces = scope.spaces, .head_classes = 10, .operators = {"Sum"}, .cost = CostScope::full};
  CHECK_THROWS_WITH(check_table(table, networks),
                    Contains("ResidualAdd") && Contains("lut model --device-profile") && Contains("--cost full"));
  scope.cost = CostScope::full;
  model_table(device_profile("edge-gpu"), scope, "2026-01-02").save(folder / "full.json");
  CHECK_NOTHROW(check_table(LookUpTable::load({folder / "full.json"}), networks));
}

TEST_CASE("The costs of a run's models are full ones where that is asked for", "[hardware]") {
  const testing::TemporaryFolder folder;
  const auto sizing = sizing_of({"avmnist-image", "avmnist-audio"}, 10);
  TableScope scope;
  scope.spaces = sizing.spaces;
  scope.head_classes = {10};
  scope.cost = CostScope::full;
  model_table(device_profile("edge-cpu"), scope, "2026-01-02").save(folder / "t.json");
  const std::vector<DeviceSpec> devices = {{"cpu", {folder / "t.json"}}};
  const DeviceSet published(devices, Aggregate::mean, sizing.spaces, {10, 10});
  const DeviceSet full(devices, Aggregate::mean, sizing.spaces, {10, 10}, 192, 16, sizing);
  const auto genome = largest_of(sizing);
  const auto genotype = parse_genotype("0+2:Sum(0,1) -> 4");
  Cost expected = total(parts_cost(full.devices()[0].table, fusion_parts(sizing, genome, genotype)));
  for (std::size_t m = 0; m < 2; ++m)
    expected +=
        total(backbone_cost(full.devices()[0].table, sizing.spaces[m], genome.backbones[m], 10, CostScope::full));
  CHECK(full.model_costs(genome, genotype)[0].latency_ms() == Approx(expected.latency_ms()));
  CHECK(published.model_costs(genome, genotype)[0].latency_ms() < expected.latency_ms());
  CHECK(published.model_costs(genome, genotype) == published.model_costs(genome, operators_of(genotype)));
}

TEST_CASE("A published key tells its layer", "[hardware]") {
  for (const auto& space : published_spaces())
    for (const auto& part : space_parts(space, 10, CostScope::published)) {
      if (part.kind != NetworkPart::Kind::layer) continue;
      const auto key = lut_key(part);
      INFO(key);
      const auto read = parse_published_key(key);
      REQUIRE(read);
      CHECK(lut_key(*read) == key);
    }
  CHECK(lut_key(parse_published_key(fusion_key("SE1", 64, 9)).value()) == fusion_key("SE1", 64, 9));
  for (const auto* key : {"GlobalPool-input:1_8_2_2", "ConvLayer-input:1_8_2_2", "LinearLayer-in_ch:x-out_ch:2", ""})
    CHECK_FALSE(parse_published_key(key));
}

}  // namespace harmonic
