#include "core/space/genotype.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/error.hpp"

using namespace harmonic;

TEST_CASE("A genotype's text reads back as the same genotype", "[space][genotype]") {
  const Genotype genotype{{{1, 4, {{"Sum", 1, 0}}}, {5, 7, {{"ConcatFC", 0, 1}, {"SE1", 2, 0}}}}, {8, 9}};
  CHECK(to_text(genotype) == "1+4:Sum(1,0) | 5+7:ConcatFC(0,1),SE1(2,0) -> 8,9");
  CHECK(parse_genotype(to_text(genotype)) == genotype);
  CHECK(operators_of(genotype) == std::vector<std::string>{"Sum", "ConcatFC", "SE1"});
}

TEST_CASE("A late fusion's text reads back as that kind, and its genome tells the same kind", "[space][genotype]") {
  CHECK(to_text(Genotype{{}, {}, LateFusion::logits}) == "late:logits");
  for (const auto& [word, late] : kLateFusions) {
    CHECK(parse_genotype("late:" + word) == Genotype{{}, {}, late});
    CHECK(late_fusion_of(macro_of(late)) == late);
  }
  CHECK_THROWS_WITH(parse_genotype("late:map"), Catch::Contains("maps"));
  for (const MacroArchitecture macro : {MacroArchitecture{0, 0}, {0, 4}, {0, -1}, {1, 1}, {2, 1}})
    CHECK(late_fusion_of(macro) == LateFusion::none);
}

TEST_CASE("The published form of a genotype is read", "[space][genotype]") {
  const auto genotype = genotype_from_json(
      R"({"edges": [["skip", 1], ["skip", 4]], "steps": [{"inner_edges": [["skip", 1], ["skip", 0], ["skip", 2], ["skip", 0]],
          "inner_steps": ["Sum", "SE1"], "inner_concat": [3]}], "concat": [8]})");
  CHECK(to_text(genotype) == "1+4:Sum(1,0),SE1(2,0) -> 8");
}

TEST_CASE("An unreadable genotype is refused", "[space][genotype]") {
  for (const auto* bad :
       {"", "1+4:Sum(1,0)", "1:Sum(1,0) -> 1", "1+4:Sum(1) -> 1", "1+4 -> 1", "1+4:Sum(1,0)SE1(0,1) -> 1"})
    CHECK_THROWS_AS(parse_genotype(bad), InputError);
  CHECK_THROWS_AS(genotype_from_json("{}"), InputError);
  CHECK_THROWS_AS(genotype_from_json("nonsense"), InputError);
}

TEST_CASE("A genotype is as large as its cells and its longest one", "[space][genotype]") {
  CHECK(macro_of(parse_genotype("0+4:Sum(0,1) | 1+8:SE1(0,1),Sum(2,0) -> 9")) == MacroArchitecture{2, 2});
}

TEST_CASE("Numbers and names of a genotype are not bent into others", "[space][genotype]") {
  CHECK_THROWS_WITH(parse_genotype("4294967297+4:Sum(1,0) -> 1"), Catch::Contains("4294967297"));
  CHECK_THROWS_WITH(parse_genotype("1+4:Su m(1,0) -> 1"), Catch::Contains("Su m"));
  const auto published = [](const std::string& first, const std::string& op, const std::string& joined) {
    return fmt::format(R"({{"edges": [["skip", {}], ["skip", 4]], "steps": [{{"inner_edges": [["skip", 1], ["skip", 0]],
                          "inner_steps": ["{}"]}}], "concat": [{}]}})",
                       first, op, joined);
  };
  CHECK(to_text(genotype_from_json(published("1", "Sum", "8"))) == "1+4:Sum(1,0) -> 8");
  for (const auto* state : {"4294967297", "18446744073709551615", "1.5", "true", "null", "\"1\""}) {
    CHECK_THROWS_AS(genotype_from_json(published(state, "Sum", "8")), InputError);
    CHECK_THROWS_AS(genotype_from_json(published("1", "Sum", state)), InputError);
  }
  for (const auto* op : {"", "Sum(0,1),Sum", " Sum", "Sum|"})
    CHECK_THROWS_AS(genotype_from_json(published("1", op, "8")), InputError);
}
