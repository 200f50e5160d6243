#include "core/hardware/device_model.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/hardware/cost_model.hpp"
#include "core/hardware/fusion_operators.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

DeviceModel round_numbers() {
  DeviceModel model;
  model.device = "test";
  model.peak_gflops = 100;
  model.depthwise_efficiency = 0.5;
  model.memory_gbps = 10;
  model.overhead_ms = 0.25;
  model.energy_pj_per_flop = 10;
  model.energy_pj_per_byte = 100;
  model.static_power_w = 2;
  return model;
}

}  // namespace

TEST_CASE("A kernel takes its overhead and the longer of computing and moving", "[hardware]") {
  const DeviceModel model = round_numbers();
  CHECK(model.cost({{.flops = 2e8, .bytes = 1e6}}).latency_ms() == Approx(0.25 + 2));  // 100 GFLOP/s: 2 ms, not 0.1
  CHECK(model.cost({{.flops = 1e6, .bytes = 3e7}}).latency_ms() == Approx(0.25 + 3));  // 10 GB/s: 3 ms, not 0.01
  CHECK(model.cost({{.flops = 2e8, .depthwise = true}}).latency_ms() == Approx(0.25 + 4));
  CHECK(model.cost({{}, {}, {}}).latency_ms() == Approx(0.75));
  CHECK(model.cost({}).latency_ms() == 0);
}

TEST_CASE("Energy counts operations, bytes and time", "[hardware]") {
  // 2e8 x 10 pJ = 2 mJ; 1e6 x 100 pJ = 0.1 mJ; 2 W x 2.25 ms = 4.5 mJ.
  CHECK(round_numbers().cost({{.flops = 2e8, .bytes = 1e6}}).energy_mj().value() == Approx(6.6));
}

TEST_CASE("A model with a parameter out of range is refused by its name", "[hardware]") {
  for (const auto& parameter : model_parameters()) {
    DeviceModel model = round_numbers();
    CHECK_NOTHROW(model.check());
    model.*parameter.value = -1;
    CHECK_THROWS_WITH(model.check(), Contains(parameter.name));
  }
  DeviceModel model = round_numbers();
  model.depthwise_efficiency = 1.5;
  CHECK_THROWS_AS(model.check(), InputError);
  CHECK_THROWS_WITH(device_profile("edge-cgpu"), Contains("edge-gpu"));
}

TEST_CASE("A modelled table covers what it was asked for, and says how it was made", "[hardware]") {
  const auto table = model_table(
      round_numbers(), {.spaces = {find_space("avmnist-audio"), find_space("maxout")}, .head_classes = {10, 4}},
      "2026-01-02");
  const auto& space = find_space("avmnist-audio");
  for (const int classes : {10, 4}) CHECK_NOTHROW(backbone_cost(table, space, largest_genome(space), classes));
  CHECK_NOTHROW(backbone_cost(table, find_space("maxout"), {}, 10));
  CHECK_NOTHROW(fusion_cost(table, fusion_operators()));
  CHECK(table.has(kEnergy));
  CHECK(table.provenance().origin == "modelled");
  CHECK(table.provenance().date == "2026-01-02");
  CHECK_THAT(table.provenance().settings, Contains("overhead-ms=0.25"));
}

TEST_CASE("A row that a modelled table lacks is named with the command that makes it", "[hardware]") {
  const harmonic::testing::TemporaryFolder folder;
  auto model = device_profile("edge-cpu");
  model.overhead_ms = 0.25;
  const auto& space = find_space("avmnist-audio");
  model_table(model, {.spaces = {space}, .head_classes = {10}}, "2026-01-02").save(folder / "t.json");
  const auto table = LookUpTable::load({folder / "t.json"});
  const std::string model_words = "harmonic lut model --device-profile edge-cpu --overhead-ms 0.25 ";
  CHECK_THROWS_WITH(backbone_cost(table, space, largest_genome(space), 7),
                    Contains("out_ch:7'") && Contains("t.json+more.json") &&
                        Contains(model_words + "--space avmnist-audio --classes 7 --out more.json;"));
  CHECK_THROWS_WITH(check_table(table, {.spaces = {space}, .head_classes = 7}), Contains(model_words));
  CHECK_THROWS_WITH(fusion_cost(table, {"Sum"}, 64, 9),
                    Contains(model_words + "--channels 64 --positions 9 --out more.json;"));
  // What the command writes fits beside the table.
  model_table(model, {.spaces = {space}, .head_classes = {7}}, "2026-01-02").save(folder / "more.json");
  const auto both = LookUpTable::load({folder / "t.json", folder / "more.json"});
  CHECK_NOTHROW(backbone_cost(both, space, largest_genome(space), 7));
}

TEST_CASE("The shipped tables are what the model writes, byte for byte", "[hardware]") {
  const std::string profile = GENERATE("edge-gpu", "edge-cpu");
  const auto shipped = std::filesystem::path(HARMONIC_LUTS) / (profile + ".json");
  const harmonic::testing::TemporaryFolder folder;
  const std::string date = LookUpTable::load({shipped}).provenance().date;
  model_table(device_profile(profile), {}, date).save(folder / "again.json");
  CHECK(read_file(folder / "again.json") == read_file(shipped));
}

TEST_CASE("The shipped accelerator's table is what its model writes, byte for byte, and cannot run squeeze-excite",
          "[hardware]") {
  const auto shipped = std::filesystem::path(HARMONIC_LUTS) / "edge-npu.json";
  const auto table = LookUpTable::load({shipped});
  DeviceModel model = device_profile("edge-npu");
  model.support("hard-swish");
  const harmonic::testing::TemporaryFolder folder;
  model_table(model, {}, table.provenance().date).save(folder / "again.json");
  CHECK(read_file(folder / "again.json") == read_file(shipped));
  for (const auto& [key, cost] : table.rows()) {
    INFO(key);
    CHECK(cost.is_supported() == (key.find("use_se:1") == std::string::npos));
  }
  CHECK(model_options(table.provenance()) == "--device-profile edge-npu --supports hard-swish");
  CHECK_THROWS_AS(model.support("hard-swis"), InputError);
}

TEST_CASE("What a device cannot run is what its layers are made of", "[hardware]") {
  const auto npu = device_profile("edge-npu");
  Layer layer{.kind = Layer::Kind::mbconv, .activation = Activation::relu};
  CHECK(npu.runs({.layer = layer}));
  layer.squeeze_excite = true;
  CHECK_FALSE(npu.runs({.layer = layer}));
  layer = {.kind = Layer::Kind::conv, .activation = Activation::h_swish};
  CHECK_FALSE(npu.runs({.layer = layer}));
  layer.kind = Layer::Kind::linear;  // which has no activation
  CHECK(npu.runs({.layer = layer}));
  CHECK(device_profile("edge-gpu").runs({.layer = {.kind = Layer::Kind::conv, .activation = Activation::h_swish}}));
}

TEST_CASE("What a device can run in some space of a table has its row, whichever space comes first", "[hardware]") {
  auto plain = find_space("avmnist-image");
  plain.fixed_activation = Activation::relu;
  for (auto& stage : plain.stages) stage.activation = Activation::relu, stage.squeeze_excite = false;
  auto hard = plain;  // whose rows have the same keys
  hard.fixed_activation = Activation::h_swish;
  const auto npu = device_profile("edge-npu");
  const auto rows_of = [&](const std::vector<BackboneSpace>& spaces) {
    return model_table(npu, {.spaces = spaces, .head_classes = {10}}, "2026-01-02").rows();
  };
  const auto alone = rows_of({plain});
  CHECK(rows_of({hard}) != alone);
  CHECK(rows_of({hard, plain}) == alone);
  CHECK(rows_of({plain, hard}) == alone);
  CHECK(TableScope{.spaces = {hard, plain}, .head_classes = {10}}.parts().size() == alone.size());
}

TEST_CASE("The shipped devices rank networks and operators differently", "[hardware]") {
  const auto load = [](const char* file) { return LookUpTable::load({std::filesystem::path(HARMONIC_LUTS) / file}); };
  const LookUpTable gpu = load("edge-gpu.json");
  const LookUpTable cpu = load("edge-cpu.json");
  const auto latency = [](const LookUpTable& table, const char* op) {
    return total(fusion_cost(table, {op})).latency_ms();
  };
  // Many small kernels are dear on the one, arithmetic on the other.
  CHECK(latency(gpu, "LinearGLU") < latency(gpu, "SE1"));
  CHECK(latency(cpu, "LinearGLU") > latency(cpu, "SE1"));

  const auto& space = find_space("avmnist-image");
  const auto wide = parse_genome("K=7,7,0,0;E=6,6,0,0;D=2", space);
  const auto deep = parse_genome("K=3,3,3,0;E=3,3,3,0;D=3", space);
  const auto backbone = [&](const LookUpTable& table, const BackboneGenome& genome) {
    return total(backbone_cost(table, space, genome, 10)).latency_ms();
  };
  CHECK(backbone(gpu, wide) < backbone(gpu, deep));
  CHECK(backbone(cpu, wide) > backbone(cpu, deep));
}
