#include "core/hardware/model_fit.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/hardware/device_model.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;

namespace {

std::vector<NetworkPart> known_parts() {
  return TableScope{}.parts();
}

FittedModel a_device() {
  FittedModel model;
  model.values = {0.2, 0.1, 0.15, 0.1, 0.06, 0.2, 0.25, 3, 30, 40, 1.3, 80, 270, 190, 0.002};
  return model;
}

/// Mean of |modelled / measured - 1| over a table's rows, percent.
PerQuantity<double> error_on(const FittedModel& model, const LookUpTable& table) {
  PerQuantity<double> sums{};
  double rows = 0;
  for (const auto& part : known_parts())
    if (const auto key = lut_key(part); table.contains(key)) {
      const Cost modelled = model.cost(part_kernels(part));
      for (std::size_t q = 0; q < sums.size(); ++q) sums[q] += 100 * std::abs(*modelled[q] / *table.at(key)[q] - 1);
      ++rows;
    }
  for (auto& sum : sums) sum /= rows;
  return sums;
}

LookUpTable published(const std::vector<std::string>& files) {
  std::vector<std::filesystem::path> paths;
  for (const auto& file : files)
    if (const auto path = testing::shared_data("luts/" + file)) paths.push_back(*path);
  return paths.size() == files.size() ? LookUpTable::load(paths) : LookUpTable();
}

/// A random half of a table, and the other.
std::pair<LookUpTable, LookUpTable> halves(const LookUpTable& table, std::uint64_t seed) {
  std::vector<std::string> keys;
  for (const auto& [key, cost] : table.rows()) keys.push_back(key);
  RandomStream random(Seed{seed}, "halves");
  random.shuffle(keys);
  std::pair<LookUpTable, LookUpTable> both;
  for (std::size_t i = 0; i < keys.size(); ++i)
    (i < keys.size() / 2 ? both.first : both.second).set(keys[i], table.at(keys[i]));
  return both;
}

}  // namespace

TEST_CASE("A model fitted to what a model made costs what that one does", "[hardware]") {
  const auto device = a_device();
  const auto table = model_table(device, "a device", "made", {}, "2026-01-01");
  const auto fit = fit_model(table, known_parts());
  const auto& all = fit.errors.back();
  CHECK(all.kind == "all");
  CHECK(all.rows == table.rows().size());
  CHECK(all.fitted[kLatency].value() < 2);
  CHECK(all.fitted[kEnergy].value() < 2);
  CHECK(all.predicted[kLatency].value() < 4);
}

TEST_CASE("A fitted model is read as it is told", "[hardware]") {
  const auto model = a_device();
  CHECK(FittedModel::parse(model.describe()).values == model.values);
  auto no_energy = model;
  no_energy.has_energy = false;
  CHECK_FALSE(FittedModel::parse(no_energy.describe()).has_energy);
  CHECK_THROWS_WITH(FittedModel::parse("launch-convolution-ms=1"), Contains("parameters"));
  CHECK_THROWS_WITH(FittedModel::parse("launch=1"), Contains("launch=1"));
  CHECK_THROWS_WITH(FittedModel::parse("launch-convolution-ms=-1"), Contains("above 0"));
}

TEST_CASE("A fitted model has each of its parameters once", "[hardware]") {
  auto model = a_device();
  CHECK_THROWS_WITH(FittedModel::parse(model.describe() + " launch-mj=1"), Contains("launch-mj is given twice"));
  model.has_energy = false;
  auto text = model.describe();
  CHECK_THROWS_WITH(FittedModel::parse(text + " launch-mj=1"), Contains("static-power-w is missing"));
  const std::string last = "memory-ms-per-gb";
  text.replace(text.find(last), last.size(), "launch-mj");
  CHECK_THROWS_WITH(FittedModel::parse(text), Contains(last + " is missing"));
}

TEST_CASE("A fitted model is read as a command lists it", "[hardware]") {
  const auto model = a_device();
  const auto table = model_table(model, "a device", "made", {}, "2026-01-01");
  const auto options = model_options(table.provenance());
  const std::string option = "--parameters ";
  REQUIRE(options.find(option + "launch-convolution-ms=0.2,") == 0);
  CHECK(FittedModel::parse(options.substr(option.size())).values == model.values);
}

TEST_CASE("Rows that cannot be run, or have no energy, do not mislead a fit", "[hardware]") {
  auto table = model_table(a_device(), "a device", "made", {.spaces = {find_space("avmnist-image")}}, "2026-01-01");
  auto first = table.rows().begin()->first;
  table.set(first, Cost::unsupported());
  CHECK(fit_model(table, known_parts()).errors.back().rows == table.rows().size() - 1);
  table.set(first, {1.0, std::nullopt});
  const auto fit = fit_model(table, known_parts());
  CHECK_FALSE(fit.model.has_energy);
  CHECK_FALSE(fit.errors.back().fitted[kEnergy].has_value());
  LookUpTable foreign;
  foreign.set("Something-else", {1.0, 1.0});
  CHECK_THROWS_WITH(fit_model(foreign, known_parts()), Contains("0 rows"));
}

TEST_CASE("Fitted to half of a published table, a model tells the other half", "[hardware][shared]") {
  const std::string file = GENERATE("lut_ofa_mnist_tx2.json", "lut_ofa_memes_tx2.json", "lut_ofa_imdb_tx2.json");
  const auto table = published({file});
  if (table.rows().empty()) return;
  PerQuantity<double> mean{};
  constexpr int kSplits = 3;
  for (int seed = 1; seed <= kSplits; ++seed) {
    const auto [half, other] = halves(table, static_cast<std::uint64_t>(seed));
    const auto error = error_on(fit_model(half, known_parts()).model, other);
    for (std::size_t q = 0; q < mean.size(); ++q) mean[q] += error[q] / kSplits;
  }
  INFO(file << ": latency " << mean[kLatency] << " %, energy " << mean[kEnergy] << " %");
  CHECK(mean[kLatency] < 12);
  CHECK(mean[kEnergy] < 20);
}

TEST_CASE("Fitted to one space and the fusion operators, a model tells the other spaces", "[hardware][shared]") {
  const auto learned = published({"lut_ofa_mnist_tx2.json", "lut_fusion_tx2.json"});
  const std::string file = GENERATE("lut_ofa_memes_tx2.json", "lut_ofa_imdb_tx2.json");
  const auto other = published({file});
  if (learned.rows().empty() || other.rows().empty()) return;
  const auto error = error_on(fit_model(learned, known_parts()).model, other);
  INFO(file << ": latency " << error[kLatency] << " %, energy " << error[kEnergy] << " %");
  CHECK(error[kLatency] < 30);
  CHECK(error[kEnergy] < 30);
}

TEST_CASE("The shipped Jetson tables are those that the fit to the published ones gives", "[hardware][shared]") {
  const auto [shipped, files] =
      GENERATE(std::pair{"jetson-tx2.json", std::vector<std::string>{"lut_ofa_mnist_tx2.json", "lut_ofa_memes_tx2.json",
                                                                     "lut_ofa_imdb_tx2.json", "lut_fusion_tx2.json"}},
               std::pair{"jetson-agx.json", std::vector<std::string>{"lut_ofa_mnist_agx.json", "lut_fusion_agx.json"}});
  const auto measured = published(files);
  if (measured.rows().empty()) return;
  const auto table = LookUpTable::load({std::filesystem::path(HARMONIC_LUTS) / shipped});
  const auto model = fit_model(measured, known_parts()).model;
  for (const auto& part : TableScope{}.parts()) {
    const Cost again = model.cost(part_kernels(part));
    for (std::size_t q = 0; q < kQuantities.size(); ++q)  // but for what another machine's arithmetic makes of it
      CHECK(table.at(lut_key(part))[q].value() == Approx(again[q].value()).epsilon(0.01));
  }
}
