#include "core/hardware/multi_device.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::TemporaryFolder;

namespace {

const BackboneSpace& space() {
  return find_space("avmnist-image");
}

/// A table of the space in which every row costs the same, a third kernel or wider `wide` times as much.
std::string table(const TemporaryFolder& folder, const std::string& name, double latency_ms,
                  std::optional<double> energy_mj, double wide = 1) {
  LookUpTable rows;
  for (const auto& key : space_keys(space(), 10)) {
    const double factor = key.find("kernel:7") == std::string::npos ? 1 : wide;
    rows.set(key, {latency_ms * factor, energy_mj ? std::optional(*energy_mj * factor) : std::nullopt});
  }
  for (const std::string op : {"Sum", "SE1"}) rows.set(fusion_key(op, 192, 16), {latency_ms, energy_mj});
  rows.save(folder / name);
  return (folder / name).string();
}

DeviceSet devices(const std::vector<DeviceSpec>& specs, Aggregate aggregate) {
  return {specs, aggregate, {space(), space()}, {10, 10}};
}

BackboneGenome genome(const char* text) {
  return parse_genome(text, space());
}

}  // namespace

TEST_CASE("A device is read from its text", "[hardware]") {
  const auto spec = parse_device("tx2=a.json+dir/b.json, 2.5");
  CHECK(spec.name == "tx2");
  CHECK(spec.tables == std::vector<std::string>{"a.json", "dir/b.json"});
  CHECK(spec.weight == 2.5);
  CHECK(parse_device("agx=t.json").weight == 1);
  const std::string bad = GENERATE("tx2", "=t.json", "tx2=", "tx2=a.json,1,2", "tx2=a.json+", "tx2=a.json,0",
                                   "tx2=a.json,-1", "tx2=a.json,x", "t.x=a.json");
  CHECK_THROWS_AS(parse_device(bad), InputError);
  CHECK_THROWS_WITH(parse_device("tx2=a.json,b.json"), Catch::Matchers::EndsWith("tx2=a.json+b.json"));
  CHECK_THROWS_WITH(parse_device("tx2=a.json,b.json,2"), Catch::Matchers::EndsWith("tx2=a.json+b.json,2"));
  CHECK_THROWS_WITH(parse_device("a.json,b.json"), Catch::Contains("+ joins several tables"));
}

TEST_CASE("A device is written as it is read", "[hardware]") {
  for (const std::string text : {"tx2=a.json+dir/b.json,2.5", "agx=t.json", "agx=t.json,3,target_ms=10,target_mj=2.5"})
    CHECK(to_text(parse_device(text)) == text);
}

TEST_CASE("A device has a weight and targets by name, in any order", "[hardware]") {
  const auto spec = parse_device("tx2=a.json,target_mj=20, weight=2 ,target_ms=10");
  CHECK(spec.weight == 2);
  CHECK(spec.target[kLatency].value() == 10);
  CHECK(spec.target[kEnergy].value() == 20);
  CHECK_THROWS_WITH(parse_device("tx2=a.json,target_m=1"), Contains("target_m") && Contains("target_ms"));
  CHECK_THROWS_WITH(parse_device("tx2=a.json,foo=3"), Contains("unknown key 'foo'") && Contains("did you mean") &&
                                                          Contains("weight, target_ms, target_mj"));
  CHECK_THROWS_WITH(parse_device("tx2=a.json,weight=1,weight=2"), Contains("two of weight"));
  CHECK_THROWS_WITH(parse_device("tx2=a.json,target_ms=0"), Contains("above 0"));
  CHECK(listed_devices("gpu=a.json,2,cpu=b.json,weight=2,target_ms=5,npu=c.json") ==
        std::vector<std::string>{"gpu=a.json,2", "cpu=b.json,weight=2,target_ms=5", "npu=c.json"});
  // A key that is none is the device's before it, which is then refused; a table's name may begin with a digit.
  CHECK(listed_devices("gpu=a.json,foo=3,cpu=b.json,target=-1.5ms") ==
        std::vector<std::string>{"gpu=a.json,foo=3", "cpu=b.json,target=-1.5ms"});
  CHECK(listed_devices("gpu=a.json,cpu=2.json,npu=../3/t,dsp=") ==
        std::vector<std::string>{"gpu=a.json", "cpu=2.json", "npu=../3/t", "dsp="});
}

TEST_CASE("Costs are multiples of the targets where devices have them", "[hardware]") {
  const TemporaryFolder folder;
  DeviceSpec slow{"slow", {table(folder, "slow.json", 100, 3.0)}, 1},
      fast{"fast", {table(folder, "fast.json", 1, 7.0)}, 1};
  slow.target[kLatency] = 700;
  CHECK_THROWS_WITH(devices({slow, fast}, Aggregate::mean), Contains("target_ms") && Contains("fast"));
  CHECK_NOTHROW(devices({slow, fast}, Aggregate::each));
  fast.target[kLatency] = 28;
  const auto set = devices({slow, fast}, Aggregate::mean);
  // Twice seven rows: 1400 of 700 ms, 14 of 28; the energies are the smallest networks'.
  const auto costs =
      set.model_costs({{smallest_genome(space()), smallest_genome(space())}, {}}, std::vector<std::string>{});
  CHECK(set.objectives(kLatency, costs).front() == Approx((2 + 0.5) / 2));
  CHECK(set.objectives(kEnergy, costs).front() == Approx(1));
}

TEST_CASE("Weights scale the worst case, the largest is 1", "[hardware]") {
  const TemporaryFolder folder;
  const std::vector<DeviceSpec> specs = {{"a", {table(folder, "a.json", 1, 1.0, 8)}, 1},
                                         {"b", {table(folder, "b.json", 10, 2.0, 1)}, 4}};
  const auto worst = devices(specs, Aggregate::worst);
  const auto costs = worst.model_costs({{genome("K=7,7,0,0;E=3,3,0,0;D=2"), smallest_genome(space())}, {}},
                                       std::vector<std::string>{});
  // Twice the smallest on device a, which counts a quarter; once on b.
  CHECK(worst.objectives(kLatency, costs).front() == Approx(1));
}

TEST_CASE("The smallest backbones cost 1 on every device, however slow", "[hardware]") {
  const TemporaryFolder folder;
  const auto set = devices(
      {{"slow", {table(folder, "slow.json", 100, 3.0)}, 1}, {"fast", {table(folder, "fast.json", 0.1, 7.0)}, 5}},
      GENERATE(Aggregate::mean, Aggregate::worst));
  const auto costs = set.model_costs({{smallest_genome(space()), smallest_genome(space())}, {}}, Genotype{});
  for (const auto quantity : {kLatency, kEnergy})
    CHECK_THAT(set.objectives(quantity, costs), Catch::Approx(std::vector<double>{1}));
  CHECK(set.objective_names(kEnergy) == std::vector<std::string>{"energy"});
}

TEST_CASE("A model's cost is its backbones' and its operators'", "[hardware]") {
  const TemporaryFolder folder;
  const auto set = devices({{"d", {table(folder, "d.json", 2, 3.0)}, 1}}, Aggregate::mean);
  const auto small = genome("K=3,3,0,0;E=3,3,0,0;D=2");
  const auto large = genome("K=3,3,3,3;E=3,3,3,3;D=4");
  // First conv and block, the active blocks, expand, mix, classifier: 5 + D rows of 2 ms and 3 mJ.
  CHECK(set.backbone_costs(0, small)[0].latency_ms() == Approx(7 * 2));
  CHECK(set.backbone_costs(1, large)[0].latency_ms() == Approx(9 * 2));
  const auto model = set.model_costs({{small, large}, {}}, {"Sum", "SE1", "Sum"});
  CHECK(model[0].latency_ms() == Approx((7 + 9 + 3) * 2));
  CHECK(model[0].energy_mj().value() == Approx((7 + 9 + 3) * 3));
}

TEST_CASE("Mean weighs the devices, worst takes the larger, each keeps them apart", "[hardware]") {
  const TemporaryFolder folder;
  const std::vector<DeviceSpec> specs = {{"a", {table(folder, "a.json", 1, 1.0, 8)}, 3},
                                         {"b", {table(folder, "b.json", 10, 2.0, 1)}, 1}};
  const MultimodalGenome model{{genome("K=7,7,0,0;E=3,3,0,0;D=2"), smallest_genome(space())}, {}};
  // On device a two of fourteen rows are 8 times as dear: (12 + 16) / 14 = 2; on device b nothing is.
  const auto mean = devices(specs, Aggregate::mean);
  const auto costs = mean.model_costs(model, Genotype{});
  const auto worst = devices(specs, Aggregate::worst);
  const auto each = devices(specs, Aggregate::each);
  for (const auto quantity : {kLatency, kEnergy}) {
    CHECK_THAT(mean.objectives(quantity, costs), Catch::Approx(std::vector<double>{1.75}));
    CHECK_THAT(worst.objectives(quantity, costs), Catch::Approx(std::vector<double>{2}));
    CHECK_THAT(each.objectives(quantity, costs), Catch::Approx(std::vector<double>{2, 1}));
    CHECK(each.summary(quantity, costs).value() == Approx(1.75));
  }
  CHECK(each.objective_names(kEnergy) == std::vector<std::string>{"energy.a", "energy.b"});
}

TEST_CASE("Where a device cannot run the smallest backbone, the least costs are of what it can run", "[hardware]") {
  const TemporaryFolder folder;
  LookUpTable rows;
  for (const auto& key : space_keys(space(), 10)) {
    const auto is = [&](const char* words) { return key.find(words) != std::string::npos; };
    const bool block = is("MBConvLayer") && !is("mid_ch:0");
    rows.set(key, block && is("kernel:3")   ? Cost::unsupported()
                  : block && is("kernel:5") ? Cost{1.0, 4.0}
                  : block                   ? Cost{2.0, 1.0}
                                            : Cost{1.0, 1.0});
  }
  rows.save(folder / "d.json");
  const auto set = devices({{"d", {(folder / "d.json").string()}}}, Aggregate::mean);
  // Five rows that all networks have, and two blocks: the fastest are not those of the least energy.
  CHECK(set.devices()[0].reference[kLatency].value() == Approx(2 * (5 + 2 * 1)));
  CHECK(set.devices()[0].reference[kEnergy].value() == Approx(2 * (5 + 2 * 4)));
  const auto least = set.least_backbone_costs(0)[0];
  CHECK(least.latency_ms() == Approx(5 + 2 * 1));
  CHECK(least.energy_mj().value() == Approx(5 + 2 * 1));
}

TEST_CASE("Where a device has no energy there is no energy objective", "[hardware]") {
  const TemporaryFolder folder;
  const std::vector<DeviceSpec> specs = {{"a", {table(folder, "a.json", 1, 1.0)}, 1},
                                         {"b", {table(folder, "b.json", 1, std::nullopt)}, 1}};
  const auto set = devices(specs, Aggregate::mean);
  const auto costs = set.backbone_costs(0, smallest_genome(space()));
  CHECK(set.objectives(kLatency, costs).size() == 1);
  CHECK(set.objectives(kEnergy, costs).empty());
  CHECK(set.objective_names(kEnergy).empty());
  CHECK_FALSE(set.summary(kEnergy, costs).has_value());
  CHECK(devices(specs, Aggregate::each).objective_names(kLatency) ==
        std::vector<std::string>{"latency.a", "latency.b"});
}

TEST_CASE("Devices that cannot be compared are refused", "[hardware]") {
  const TemporaryFolder folder;
  const auto good = table(folder, "good.json", 1, 1.0);
  CHECK_THROWS_AS(devices({}, Aggregate::mean), InputError);
  CHECK_THROWS_WITH(devices({{"a", {good}, 1}, {"a", {good}, 1}}, Aggregate::mean),
                    Contains("'a'") && Contains("twice"));
  CHECK_THROWS_AS(devices({{"a", {good}, 0}}, Aggregate::mean), InputError);
  CHECK_THROWS_WITH(devices({{"a", {table(folder, "zero.json", 0, 0.0)}, 1}}, Aggregate::mean), Contains("zero.json"));
  CHECK_THROWS_WITH(DeviceSet({{"a", {good}, 1}}, Aggregate::mean, {find_space("harmp-image")}, {3}),
                    Contains("no key"));
}
