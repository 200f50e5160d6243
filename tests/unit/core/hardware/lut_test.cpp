#include "core/hardware/lut.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::TemporaryFolder;

namespace {

std::filesystem::path write(const TemporaryFolder& folder, const std::string& name, const std::string& text) {
  std::ofstream(folder / name) << text;
  return folder / name;
}

}  // namespace

TEST_CASE("A published table's values may be numbers or strings", "[hardware]") {
  const TemporaryFolder folder;
  const auto path = write(folder, "t.json", R"({"a": {"lat": "0.5", "enrg": "1.25"}, "b": {"lat": 2, "enrg": 3e-1}})");
  const auto table = LookUpTable::load({path});
  CHECK(table.at("a").latency_ms() == 0.5);
  CHECK(table.at("a").energy_mj() == 1.25);
  CHECK(table.at("b").energy_mj() == 0.3);
  CHECK(table.has(kEnergy));
  CHECK(table.provenance().origin == "imported");
}

TEST_CASE("A saved table reads back with its rows, its absent energies and where it came from", "[hardware]") {
  const TemporaryFolder folder;
  LookUpTable table;
  table.set("a", {1.0 / 3, 2.0 / 7});
  table.set("b \"quoted\"", {2, std::nullopt});
  table.set_provenance({"board", "measured", "2026-01-02", "harmonic 1", "median of 50"});
  table.save(folder / "t.json");
  const auto read = LookUpTable::load({folder / "t.json"});
  REQUIRE(read.rows().size() == 2);
  CHECK(read.at("a").latency_ms() == 1.0 / 3);
  CHECK(read.at("a").energy_mj() == 2.0 / 7);
  CHECK_FALSE(read.at("b \"quoted\"").energy_mj().has_value());
  CHECK_FALSE(read.has(kEnergy));
  CHECK(read.provenance().device == "board");
  CHECK(read.provenance().settings == "median of 50");
  read.save(folder / "again.json");
  CHECK(read_file(folder / "again.json") == read_file(folder / "t.json"));
}

TEST_CASE("A layer that a device cannot run makes every sum with it one that the device cannot run", "[hardware]") {
  const TemporaryFolder folder;
  LookUpTable table;
  table.set("a", {1, 2});
  table.set("b", Cost::unsupported());
  table.save(folder / "t.json");
  CHECK_THAT(read_file(folder / "t.json"), Contains(R"("b": {"unsupported": true})"));
  const auto read = LookUpTable::load({folder / "t.json"});
  CHECK(read.at("a").is_supported());
  CHECK_FALSE(read.at("b").is_supported());
  CHECK_FALSE((read.at("a") + read.at("b")).is_supported());
  CHECK(read.has(kEnergy));
}

TEST_CASE("A row that is unsupported has no costs, and says no more than that", "[hardware]") {
  const TemporaryFolder folder;
  for (const std::string row : {R"({"unsupported": 1})", R"({"unsupported": true, "latency_ms": 2})"}) {
    const auto path = write(folder, "t.json",
                            R"({"format": "harmonic-lut", "version": 1, "units": {"latency": "ms", "energy": "mJ"},)"
                            R"( "entries": {"a": )" +
                                row + "}}");
    CHECK_THROWS_WITH(LookUpTable::load({path}), Contains("key 'a'") && Contains("unsupported"));
  }
}

TEST_CASE("A table that knows nothing of a quantity needs no unit for it", "[hardware]") {
  const TemporaryFolder folder;
  const auto path = write(folder, "t.json", R"({"format": "harmonic-lut", "version": 1, "units": {"latency": "ms"},
                                               "entries": {"a": {"latency_ms": 1}}})");
  const auto table = LookUpTable::load({path});
  CHECK(table.at("a").latency_ms() == 1);
  CHECK_FALSE(table.has(kEnergy));
}

TEST_CASE("A sum with an absent energy has no energy", "[hardware]") {
  const Cost sum = Cost{1, 2.0} + Cost{3, std::nullopt} + Cost{4, 5.0};
  CHECK(sum.latency_ms() == 8);
  CHECK_FALSE(sum.energy_mj().has_value());
}

TEST_CASE("Several files of a device become one table, unless they disagree", "[hardware]") {
  const TemporaryFolder folder;
  const auto first = write(folder, "1.json", R"({"a": {"lat": 1, "enrg": 1}, "b": {"lat": 2, "enrg": 2}})");
  const auto second = write(folder, "2.json", R"({"b": {"lat": "2", "enrg": 2}, "c": {"lat": 3, "enrg": 3}})");
  const auto other = write(folder, "3.json", R"({"b": {"lat": 2.5, "enrg": 2}})");
  CHECK(LookUpTable::load({first, second}).rows().size() == 3);
  CHECK_THROWS_WITH(LookUpTable::load({first, other}), Contains("1.json") && Contains("3.json") && Contains("'b'"));
}

TEST_CASE("A missing key names itself, the table and the nearest key", "[hardware]") {
  const TemporaryFolder folder;
  const auto path =
      write(folder, "t.json", R"({"Sum-C:192": {"lat": 1, "enrg": 1}, "SE1-C:192": {"lat": 1, "enrg": 1}})");
  const auto table = LookUpTable::load({path});
  CHECK_THROWS_AS(table.at("Sum-C:191"), InputError);
  CHECK_THROWS_WITH(table.at("Sum-C:191"),
                    Contains("no key 'Sum-C:191'") && Contains("t.json") && Contains("nearest 'Sum-C:192'"));
  CHECK_THROWS_WITH(table.at("ResidualAdd-input:1_16_14_14"),
                    Contains("it has no row of ResidualAdd") && !Contains("nearest"));
  // The command that adds the row comes last.
  CHECK_THROWS_WITH(table.at("Sum-C:191"), Contains("harmonic lut import --in " + path.string()) &&
                                               Catch::Matchers::EndsWith("--set \"Sum-C:191=ms,mJ\" --out more.json"));
}

TEST_CASE("A table that cannot be right is refused with file and key", "[hardware]") {
  const TemporaryFolder folder;
  const std::string own = R"("format": "harmonic-lut", "units": {"latency": "ms", "energy": "mJ"})";
  const auto [text, word] = GENERATE_COPY(table<std::string, std::string>({
      {R"({"a": {"lat": -1, "enrg": 1}})", "'a'"},
      {R"({"a": {"lat": "nan", "enrg": 1}})", "'a'"},
      {R"({"a": {"lat": 1, "enrg": "inf"}})", "'a'"},
      {R"({"a": {"lat": 1e999, "enrg": 1}})", "t.json"},
      {R"({"a": {"lat": 1e308, "enrg": 1}})", "t.json, key 'a', lat is 1e+308"},
      {R"({"a": {"lat": "1.0x", "enrg": 1}})", "'a'"},
      {R"({"a": {"lat": true, "enrg": 1}})", "'a'"},
      {R"({"a": {"enrg": 1}})", "'a'"},
      {R"({"a": 3})", "'a'"},
      {R"({"a": {"lat": 1)", "not JSON"},
      {R"([1, 2])", "no rows"},
      {R"({)" + own + R"(, "version": 2, "entries": {}})", "version 2"},
      {R"({)" + own + R"(, "version": 1})", "no entries"},
      {R"({)" + own + R"(, "version": 1, "entries": {"a": {"energy_mj": 1}}})", "'a'"},
      {R"({"format": "harmonic-lut", "version": 1, "units": {"latency": "s", "energy": "mJ"}, "entries": {}})",
       "latency in \"s\""},
      {R"({"format": "harmonic-lut", "version": 1, "units": {"latency": 1}, "entries": {}})", "latency in 1"},
      {R"({"format": "harmonic-lut", "version": 1, "units": {"latency": "ms"},
           "entries": {"a": {"latency_ms": 1, "energy_mj": 2}}})",
       "energy in no unit, but key 'a' has energy_mj"},
      {R"({"format": "harmonic-lut", "version": 1, "entries": {"a": {"latency_ms": 1}}})", "latency in no unit"},
  }));
  const auto path = write(folder, "t.json", text);
  CHECK_THROWS_AS(LookUpTable::load({path}), InputError);
  CHECK_THROWS_WITH(LookUpTable::load({path}), Contains("t.json") && Contains(word));
}

TEST_CASE("A table that is not there is an input error", "[hardware]") {
  CHECK_THROWS_AS(LookUpTable::load({"no-such-table.json"}), InputError);
  CHECK_THROWS_AS(LookUpTable::load({}), InputError);
}
