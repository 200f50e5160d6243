#include "core/storage/json_text.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using Catch::Matchers::Contains;
using harmonic::testing::TemporaryFolder;

TEST_CASE("Bytes that are no UTF-8 are replaced, not an error", "[storage]") {
  const std::string latin = "caf\xE9.h5";
  CHECK(json_text(nlohmann::json{{"file", latin}}) == "{\"file\":\"caf\xEF\xBF\xBD.h5\"}");
  CHECK(json_text(nlohmann::ordered_json{{latin, 1}}) == "{\"caf\xEF\xBF\xBD.h5\":1}");
  CHECK(json_text(nlohmann::json{{"file", "café"}}) == "{\"file\":\"café\"}");
  CHECK(json_text(nlohmann::json{{"a", 1}}, 2) == "{\n  \"a\": 1\n}");
}

TEST_CASE("A file that is no JSON is named with the line where it ceases to be", "[storage]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.json";
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  write("{\"a\": [1, 2]}");
  CHECK(read_json(path, "table").at("a").size() == 2);
  write(" \n");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json is empty"));
  write("{\n\"a\": 1,\n!}");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json is not JSON: line 3"));
  write("{\"a\": ");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("line 1") && !Contains("exception"));
  write("[1e999]");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json") && Contains("number"));
  CHECK_THROWS_AS(read_json(folder / "absent.json", "table"), InputError);
}

TEST_CASE("A key twice is refused with its name, unless both say the same", "[storage]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.json";
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  write(R"({"rows": {"a": {"ms": 1}, "b": {"ms": 1}, "a": {"ms": 2}}})");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json has key 'a' twice"));
  write(R"({"rows": {"a": {"ms": [1, {"x": 2}]}, "b": [{"a": 1}, {"a": 2}], "a": {"ms": [1, {"x": 2}]}}})");
  CHECK(read_json(path, "table").at("rows").size() == 2);
}

TEST_CASE("What lies in place of JSON is called by its name", "[storage]") {
  const TemporaryFolder folder;
  const auto path = folder / "t.json";
  const auto write = [&](const std::string& text) { std::ofstream(path) << text; };
  write("<!DOCTYPE html><html></html>");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json is a web page, not JSON"));
  write("version https://git-lfs.github.com/spec/v1\noid");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("is a Git LFS pointer") && Contains("git lfs pull"));
  for (const auto& utf16 : {std::string("\xff\xfe{\0}\0", 6), std::string("\xfe\xff\0{\0}", 6),
                            std::string("{\0\r\0\n\0}\0", 8), std::string("\0{\0\r\0\n\0}", 8)}) {
    write(utf16);
    CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json is a text in UTF-16") && Contains("UTF-8"));
  }
  write("\x1f\x8b\x08");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("is a gzip file") && Contains("gunzip"));
  write("# a table\nrow: {ms: 1}\n");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("not JSON: line 1 (# a table)"));
}
