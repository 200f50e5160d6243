#include "core/hardware/kit.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;

LookUpTable read(const std::string& text) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "manifest.csv") << text;
  return read_kit(folder / "manifest.csv");
}
const std::string kHeader = "key,file,latency_ms,energy_mj,status\n";

}  // namespace

TEST_CASE("A measured kit is a table, less what a call costs by itself", "[hardware]") {
  const auto table = read(
      kHeader + "Overhead-input:1,o.onnx,0.25,,ok\na,a.onnx,1.25,3,\nb,b.onnx,,,unsupported\nc,c.onnx,0.125,,OK\n");
  REQUIRE(table.rows().size() == 3);
  CHECK(table.at("a") == Cost{1.0, 3.0});
  CHECK_FALSE(table.at("b").is_supported());
  CHECK(table.at("c") == Cost{0.0, std::nullopt});
}

TEST_CASE("A kit as it is written says what is to be measured, and is refused until it is", "[hardware]") {
  const testing::TemporaryFolder folder;
  replace_file(folder / "manifest.csv", kit_manifest({{"a", "parts/a.onnx"}, {"b", "parts/b.onnx"}}));
  CHECK_THROWS_WITH(read_kit(folder / "manifest.csv"), Contains("no latency_ms in 2 of its 2 rows") && Contains("'a'"));
}

TEST_CASE("What is wrong in a kit is named by its line", "[hardware]") {
  CHECK_THROWS_WITH(read(kHeader + "a,a.onnx,1,,\nb,b.onnx,-2,,\n"), Contains("line 3: latency_ms is -2"));
  CHECK_THROWS_WITH(read(kHeader + "a,a.onnx,fast,,\n"), Contains("line 2") && Contains("fast"));
  CHECK_THROWS_WITH(read(kHeader + "a,a.onnx,1 us,,\n"), Contains("line 2"));
  CHECK_THROWS_WITH(read(kHeader + "a,a.onnx,1,,\na,a.onnx,1,,\n"), Contains("line 3: key 'a' is there twice"));
  CHECK_THROWS_WITH(read(kHeader + "a,a.onnx,1,,broken\n"), Contains("status 'broken'"));
  CHECK_THROWS_WITH(read(kHeader + ",a.onnx,1,,\n"), Contains("has no key"));
  CHECK_THROWS_WITH(read("key,file,latency_us\na,a.onnx,1\n"), Contains("column latency_us") && Contains("in ms"));
  CHECK_THROWS_WITH(read("key,file\na,a.onnx\n"), Contains("latency_ms"));
  CHECK_THROWS_AS(read(kHeader), InputError);
}

}  // namespace harmonic
