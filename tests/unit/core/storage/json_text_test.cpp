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
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json is not JSON from line 3 on"));
  write("{\"a\": ");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("line 1") && !Contains("exception"));
  write("[1e999]");
  CHECK_THROWS_WITH(read_json(path, "table"), Contains("t.json") && Contains("number"));
  CHECK_THROWS_AS(read_json(folder / "absent.json", "table"), InputError);
}
