#include "core/hardware/kit.hpp"

#include <filesystem>
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
  const auto table =
      read(kHeader + "Overhead-input:1,o.onnx,0.25,,ok\na,a.onnx,1.25,3,\nb,b.onnx,,,unsupported\nc,c.onnx,0.5,,OK\n");
  REQUIRE(table.rows().size() == 3);
  CHECK(table.at("a") == Cost{1.0, 3.0});
  CHECK_FALSE(table.at("b").is_supported());
  CHECK(table.at("c") == Cost{0.25, std::nullopt});
}

TEST_CASE("Rows of a kit that cost no more than a call are refused, but for noise", "[hardware]") {
  const std::string overhead = "Overhead-input:1,o.onnx,50,2,\n";
  // Up to a fifth below, a row is a part that costs nothing, as long as others cost something.
  const auto table = read(kHeader + overhead + "a,a.onnx,40,,\nb,b.onnx,50,,\nc,c.onnx,50.5,3,\n");
  CHECK(table.at("a") == Cost{0.0, std::nullopt});
  CHECK(table.at("b") == Cost{0.0, std::nullopt});
  CHECK(table.at("c") == Cost{0.5, 1.0});
  CHECK_THROWS_WITH(read(kHeader + overhead + "a,a.onnx,39,,\nb,b.onnx,60,,\n"),
                    Contains("1 of 2 rows have latency_ms far below the 50 ms of Overhead-input:1") &&
                        Contains("subtracted") && Contains(": 'a'") && Contains("more repeats") &&
                        Contains("same unit, ms"));
  // Rows in ms beside an overhead in µs: all of them are told of at once, the first by name.
  CHECK_THROWS_WITH(read(kHeader + overhead + "a,a,1,,\nb,b,2,,\nc,c,3,,\nd,d,4,,\ne,e,5,,\nf,f,,,unsupported\n"),
                    Contains("5 of 5 rows") && Contains("'a', 'b', 'c' and 2 more"));
  CHECK_THROWS_WITH(read(kHeader + overhead + "a,a.onnx,45,,\nb,b.onnx,50,,\nc,c,,,unsupported\n"),
                    Contains("none of 2 rows"));
  CHECK_THROWS_WITH(read(kHeader + overhead + "a,a.onnx,60,1,\nb,b.onnx,60,3,\n"),
                    Contains("1 of 2 rows have energy_mj far below the 2 mJ") && Contains(": 'a'"));
  CHECK(read(kHeader + "Overhead-input:1,o.onnx,0,,\na,a.onnx,0,,\n").at("a") == Cost{0.0, std::nullopt});
  CHECK_THROWS_WITH(read(kHeader + "Overhead-input:1,o.onnx,,,unsupported\na,a.onnx,1,,\n"),
                    Contains("line 2: Overhead-input:1 is unsupported") && Contains("write 0"));
}

TEST_CASE("Models of a kit whose rows were deleted are named", "[hardware]") {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder / "parts");
  for (const std::string name : {"0000-Overhead.onnx", "0001-A.onnx", "0002-B.onnx", "0003-C.onnx", "0004-C.onnx",
                                 "0005-C.onnx", "notes.txt", "mine.onnx"})
    std::ofstream(folder / "parts" / name) << "x";
  const auto rows = [&](const std::string& text) {
    std::ofstream(folder / "manifest.csv") << kHeader << text;
    return read_kit(folder / "manifest.csv").rows().size();
  };
  const std::string most =
      "Overhead-input:1,parts/0000-Overhead.onnx,0,,\na,parts/0001-A.onnx,1,,\nb,parts\\0002-B-int8.tflite,1,,\n";
  CHECK_THROWS_WITH(rows(most), Contains("no row for 3 of the models") &&
                                    Contains("'0003-C.onnx', '0004-C.onnx', '0005-C.onnx'") && !Contains("more") &&
                                    Contains("put their lines back"));
  CHECK(rows(most + "c,parts/0003-C.onnx,1,,\nd,parts/0004-C.onnx,1,,\ne,parts/0005-C.onnx,,,unsupported\n") == 5);
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
