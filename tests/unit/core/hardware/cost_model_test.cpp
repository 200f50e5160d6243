#include "core/hardware/cost_model.hpp"

#include <cmath>
#include <set>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using harmonic::testing::shared_data;

namespace {

constexpr double kTolerance = 1e-4;

std::optional<LookUpTable> published(const std::vector<std::string>& files) {
  std::vector<std::filesystem::path> paths;
  for (const auto& file : files) {
    const auto path = shared_data("luts/" + file);
    if (!path) return std::nullopt;
    paths.push_back(*path);
  }
  return LookUpTable::load(paths);
}

Cost backbone(const LookUpTable& table, const char* space, const char* genome, int classes) {
  return total(backbone_cost(table, find_space(space), parse_genome(genome, find_space(space)), classes));
}

/// Published totals are cut, not rounded, to two decimals.
double cut(double value) {
  return std::floor(value * 100) / 100;
}

}  // namespace

TEST_CASE("Keys are written as in the published tables", "[hardware]") {
  const auto& space = find_space("mmimdb-image");
  const auto layers = backbone_layers(space, smallest_genome(space), 23);
  CHECK(lut_key(layers[0]) == "ConvLayer-input:1_3_224_224-in_ch:3-out_ch:24-kernel:3-stride:2-use_se:0-use_bn:1");
  CHECK(lut_key(layers[1]) ==
        "MBConvLayer-input:1_24_112_112-in_ch:24-out_ch:24-mid_ch:0-expand:1-kernel:3-stride:1-use_se:0");
  CHECK(lut_key(layers[2]) ==
        "MBConvLayer-input:1_24_112_112-in_ch:24-out_ch:32-mid_ch:72-expand:3-kernel:3-stride:2-use_se:0");
  CHECK(lut_key(layers[4]) ==
        "MBConvLayer-input:1_32_56_56-in_ch:32-out_ch:48-mid_ch:96-expand:3-kernel:3-stride:2-use_se:1");
  CHECK(lut_key(layers[layers.size() - 2]) ==
        "ConvLayer-input:1_1152_1_1-in_ch:1152-out_ch:1536-kernel:1-stride:1-use_se:0-use_bn:0");
  CHECK(lut_key(layers.back()) == "LinearLayer-input:1536-in_ch:1536-out_ch:23");
  CHECK(fusion_key("LinearGLU", 192, 16) == "LinearGLU-input:1_192_16-N:1-C:192-L:16");
  CHECK(maxout_key(find_space("maxout")) == "Maxout-input:300-hidden:128-blocks:2-factor:2-pool:4");
}

TEST_CASE("The keys of a space are those that its networks ask for", "[hardware]") {
  const std::string name = GENERATE("avmnist-audio", "harmp-image", "mmimdb-image", "maxout");
  const auto& space = find_space(name);
  const auto keys = space_keys(space, 7);
  LookUpTable table;
  for (const auto& key : keys) table.set(key, {1, 1.0});
  CHECK(table.rows().size() == keys.size());
  std::set<std::string> used;
  for (std::uint64_t i = 0; i < 300; ++i) {
    RandomStream random(Seed{1}, "keys", i);
    for (const auto& part : backbone_cost(table, space, random_genome(space, random), 7)) used.insert(part.key);
  }
  CHECK(used.size() == keys.size());
}

TEST_CASE("Genes beyond a stage's depth cost nothing", "[hardware]") {
  const auto& space = find_space("avmnist-image");
  LookUpTable table;
  double cost = 1;
  for (const auto& key : space_keys(space, 10)) table.set(key, {cost *= 1.1, cost});
  const auto a = total(backbone_cost(table, space, parse_genome("K=3,5,7,7;E=3,4,6,6;D=2", space), 10));
  const auto b = total(backbone_cost(table, space, parse_genome("K=3,5,3,3;E=3,4,3,3;D=2", space), 10));
  CHECK(a.latency_ms() == b.latency_ms());
  CHECK(a.energy_mj() == b.energy_mj());
}

TEST_CASE("A classifier row that the table lacks is an input error", "[hardware]") {
  const auto& space = find_space("avmnist-image");
  LookUpTable table;
  for (const auto& key : space_keys(space, 10)) table.set(key, {1, 1.0});
  CHECK_NOTHROW(backbone_cost(table, space, smallest_genome(space), 10));
  CHECK_THROWS_AS(backbone_cost(table, space, smallest_genome(space), 11), InputError);
  CHECK_THROWS_AS(backbone_cost(table, find_space("maxout"), {}, 10), InputError);
}

TEST_CASE("AV-MNIST's published backbones cost on the TX2 what was published", "[hardware][shared]") {
  const auto table = published({"lut_ofa_mnist_tx2.json", "lut_fusion_tx2.json"});
  if (!table) return;
  const auto image1 = backbone(*table, "avmnist-image", "K=5,5,5,5;E=3,3,4,3;D=2", 10);
  CHECK(std::abs(image1.latency_ms() - 3.96408) < kTolerance);
  CHECK(std::abs(*image1.energy_mj() - 5.79299) < kTolerance);
  const auto audio1 = backbone(*table, "avmnist-audio", "K=3,3,7,3;E=3,3,3,6;D=2", 10);
  CHECK(std::abs(audio1.latency_ms() - 3.95392) < kTolerance);
  CHECK(std::abs(*audio1.energy_mj() - 5.71556) < kTolerance);
  const auto image3 = backbone(*table, "avmnist-image", "K=5,5,5,7;E=3,6,4,3;D=2", 10);
  CHECK(std::abs(image3.latency_ms() - 4.02391) < kTolerance);
  CHECK(std::abs(*image3.energy_mj() - 6.01583) < kTolerance);

  const auto audio3 = backbone(*table, "avmnist-audio", "K=3,3,7,5;E=3,3,3,6;D=2", 10);
  const auto model = image3 + audio3 + total(fusion_cost(*table, {"ConcatFC", "CatConvMish"}));
  CHECK(cut(model.latency_ms()) == 9.11);
  CHECK(cut(*model.energy_mj()) == 13.88);
}

TEST_CASE("Harm-P's published backbone costs on the TX2 what was published", "[hardware][shared]") {
  const auto table = published({"lut_ofa_memes_tx2.json"});
  if (!table) return;
  const auto image = backbone(*table, "harmp-image", "K=3,3,3,3,3,5,3,3,3,7,3,5;E=4,3,4,6,6,6,3,6,3,6,6,6;D=2,2,2", 3);
  CHECK(std::abs(image.latency_ms() - 10.39979) < kTolerance);
  CHECK(std::abs(*image.energy_mj() - 25.03697) < kTolerance);
}
