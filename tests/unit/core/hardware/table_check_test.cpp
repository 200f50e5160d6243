#include "core/hardware/table_check.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "core/hardware/cost_model.hpp"
#include "core/hardware/device_model.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

bool names(const std::vector<RowFinding>& findings, const std::string& key, const std::string& word) {
  return std::ranges::any_of(
      findings, [&](const auto& finding) { return finding.key == key && finding.why.find(word) != std::string::npos; });
}

/// A table as a device gives it, with a little noise of measurement.
LookUpTable measured(const std::string& profile, std::uint64_t seed) {
  TableScope scope;
  scope.spaces = {find_space("mmimdb-image")};
  scope.head_classes = {23};
  auto table = model_table(device_profile(profile), scope, "2026-01-02");
  RandomStream random(Seed{seed}, "noise");
  const auto rows = table.rows();
  for (const auto& [key, cost] : rows) {
    const double noise = random.uniform(0.95, 1.05);
    table.set(key, {cost.latency_ms() * noise, cost.energy_mj().value() * noise});
  }
  return table;
}

}  // namespace

TEST_CASE("A sound table has no suspect rows, alone or beside another device's", "[hardware]") {
  const auto gpu = measured("edge-gpu", 1);
  CHECK(rows_off_trend(gpu).empty());
  CHECK(rows_off_ratio(gpu, measured("edge-gpu", 2)).empty());
}

TEST_CASE("A row is named that takes far more, or draws far more, than the others let expect", "[hardware]") {
  auto table = measured("edge-gpu", 1);
  const auto keys = space_keys(find_space("mmimdb-image"), 23);
  const auto slow = keys[20], hungry = keys[30];
  const auto scaled = [&](const std::string& key, double latency, double energy) {
    const Cost cost = table.at(key);
    table.set(key, {cost.latency_ms() * latency, cost.energy_mj().value() * energy});
  };
  scaled(slow, 6, 6);
  scaled(hungry, 1, 9);
  const auto findings = rows_off_trend(table);
  CHECK(findings.size() == 2);
  CHECK(names(findings, slow, "latency"));
  CHECK(names(findings, hungry, "W"));
}

TEST_CASE("A row is named that is another device's own, or stands to it as no other row does", "[hardware]") {
  auto table = measured("edge-gpu", 1);
  auto other = measured("edge-gpu", 2);
  const auto keys = space_keys(find_space("mmimdb-image"), 23);
  const auto copied = keys[12], odd = keys[40];
  table.set(copied, other.at(copied));
  table.set(odd, {other.at(odd).latency_ms() * 5, other.at(odd).energy_mj().value() * 1.01});
  const auto findings = rows_off_ratio(table, other);
  CHECK(findings.size() == 2);
  CHECK(names(findings, copied, "to the last digit"));
  CHECK(names(findings, odd, "latency"));
}

TEST_CASE("The published tables' own oddities are found", "[hardware][shared]") {
  const auto agx = testing::shared_data("luts/lut_ofa_mnist_agx.json");
  const auto tx2 = testing::shared_data("luts/lut_ofa_mnist_tx2.json");
  if (!agx || !tx2) return;
  // The classifier of AV-MNIST on AGX.
  const auto head = "LinearLayer-input:80-in_ch:80-out_ch:10";
  const auto of_agx = LookUpTable::load({*agx}), of_tx2 = LookUpTable::load({*tx2});
  CHECK(names(rows_off_trend(of_agx), head, "latency"));
  CHECK(names(rows_off_ratio(of_agx, of_tx2), head, "latency"));
}

}  // namespace harmonic
