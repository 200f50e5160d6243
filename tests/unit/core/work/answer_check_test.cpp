#include "core/work/answer_check.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "tests/support/fakes.hpp"

namespace harmonic {
namespace {

using namespace testing;

const MultimodalGenome& genome() {
  static const MultimodalGenome two_by_two{
      {smallest_genome(find_space("avmnist-image")), largest_genome(find_space("avmnist-image"))}, {2, 2}};
  return two_by_two;
}

TEST_CASE("A fusion search's answer has a fitting score for every candidate, or is nonsense", "[core][work]") {
  const SearchFusion work{{{CandidateId{1}, genome()}, {CandidateId{2}, genome()}}};
  const auto good = std::get<FusionScores>(fake_outcome(work));
  const AnswerCheck check;
  CHECK(check.why_nonsense(work, good).empty());
  CHECK(check.why_nonsense(work, Failure{"no memory"}).empty());
  CHECK(check.why_nonsense(work, TestScore{50}) == "an answer of another kind");
  const auto nonsense = [&](auto change) {
    auto found = good;
    change(found.scores);
    return check.why_nonsense(work, found);
  };
  CHECK(nonsense([](auto& s) { s.pop_back(); }) == "1 scores for 2 models");
  CHECK(nonsense([](auto& s) { s.push_back(s[0]); }) == "3 scores for 2 models");
  CHECK(nonsense([](auto& s) { s.clear(); }) == "0 scores for 2 models");
  for (const std::size_t i : {0, 1}) {
    CHECK_THAT(nonsense([&](auto& s) { s[i].genotype.cells.pop_back(); }), Catch::Contains("macro-architecture"));
    CHECK_THAT(nonsense([&](auto& s) { s[i].metric_val = 101; }), Catch::Contains("101 percent"));
    CHECK_THAT(nonsense([&](auto& s) { s[i].metric_test = -1; }), Catch::Contains("-1 percent"));
    CHECK_THAT(nonsense([&](auto& s) { s[i].metric_val = std::nan(""); }), Catch::Contains("nan percent"));
    CHECK_THAT(nonsense([&](auto& s) { s[i].architecture = {std::nanf("")}; }), Catch::Contains("no numbers"));
  }
}

TEST_CASE("A genotype names operators that exist and reads states that are there, or is nonsense", "[core][work]") {
  const SearchFusion work{{{CandidateId{1}, genome()}}};
  // Five inputs: states 0 to 4, cells 5 and 6; inside a cell the inputs 0 and 1, steps 2 and 3.
  const Genotype good = parse_genotype("0+4:Sum(0,1),SE1(2,0) | 1+5:ConcatFC(1,0),Sum(1,2) -> 4,5,6");
  const auto why = [&](auto change) {
    FusionScore score{50, good};
    change(score.genotype);
    return AnswerCheck{}.why_nonsense(work, FusionScores{{score}});
  };
  CHECK(why([](auto&) {}).empty());
  CHECK_THAT(why([](auto& g) { g.cells[1].steps[0].op = "Su}"; }), Catch::Contains("operator 'Su}'"));
  CHECK(why([](auto& g) { g.cells[1].steps.pop_back(); }).empty());  // a step that nothing read is left out
  CHECK_THAT(why([](auto& g) { g.cells[1].steps.clear(); }), Catch::Contains("macro-architecture"));
  CHECK_THAT(why([](auto& g) { g.cells[1].steps.push_back({"Sum", 0, 1}); }), Catch::Contains("macro-architecture"));
  const auto* not_there = "a state that is not there";
  CHECK_THAT(why([](auto& g) { g.cells[0].second = 5; }), Catch::Contains(not_there));
  CHECK_THAT(why([](auto& g) { g.cells[0].first = -1; }), Catch::Contains(not_there));
  CHECK_THAT(why([](auto& g) { g.cells[1].second = 6; }), Catch::Contains(not_there));
  CHECK_THAT(why([](auto& g) { g.cells[0].steps[0].second = 2; }), Catch::Contains(not_there));
  CHECK_THAT(why([](auto& g) { g.cells[1].steps[1].first = 3; }), Catch::Contains(not_there));
  CHECK_THAT(why([](auto& g) { g.concat = {4, 6}; }), Catch::Contains("joins"));
  CHECK_THAT(why([](auto& g) { g.concat = {6, 5}; }), Catch::Contains("joins"));
  CHECK_THAT(why([](auto& g) { g.concat = {std::numeric_limits<int>::max()}; }), Catch::Contains("joins"));
  CHECK_THAT(why([](auto& g) { g.concat.clear(); }), Catch::Contains("joins"));
  CHECK_THAT(why([](auto& g) { g.concat = {1, 2}; }), Catch::Contains("of 1 inputs"));
}

TEST_CASE("A late fusion is answered by that very kind, and by no network, or is nonsense", "[core][work]") {
  for (const auto& [word, late] : kLateFusions) {
    const SearchFusion work{{{CandidateId{1}, {genome().backbones, macro_of(late)}}}};
    const auto why = [&](const Genotype& genotype) {
      return AnswerCheck{8}.why_nonsense(work, FusionScores{{{50, genotype}}});
    };
    for (const auto& [other, told] : kLateFusions) CHECK(why({{}, {}, told}).empty() == (late == told));
    CHECK_FALSE(why(parse_genotype("0+4:Sum(0,1) -> 8")).empty());
    CHECK_FALSE(why({}).empty());
    CHECK_FALSE(why({{}, {8}, late}).empty());
  }
  const SearchFusion of_cells{{{CandidateId{1}, genome()}}}, of_none{{{CandidateId{1}, {genome().backbones, {0, 7}}}}};
  for (const auto& work : {of_cells, of_none})
    CHECK_FALSE(AnswerCheck{}.why_nonsense(work, FusionScores{{{50, {{}, {}, LateFusion::sum}}}}).empty());
  CHECK_FALSE(AnswerCheck{}.why_nonsense(of_none, FusionScores{{{50, {}}}}).empty());
}

TEST_CASE("A genotype has as many inputs as the run offers, whatever it says itself", "[core][work]") {
  const SearchFusion work{{{CandidateId{1}, genome()}}};
  const auto why = [&](const char* genotype) {
    return AnswerCheck{8}.why_nonsense(work, FusionScores{{{50, parse_genotype(genotype)}}});
  };
  CHECK(why("0+7:Sum(0,1),SE1(2,0) | 1+8:Sum(1,0),Sum(1,2) -> 8,9").empty());
  // Input 500 of 501: fits itself.
  CHECK_THAT(why("0+500:Sum(0,1),SE1(2,0) | 1+8:Sum(1,0),Sum(1,2) -> 501,502"), Catch::Contains("of 501 inputs"));
  CHECK_THAT(why("0+6:Sum(0,1),SE1(2,0) | 1+7:Sum(1,0),Sum(1,2) -> 7,8"), Catch::Contains("of 7 inputs"));
}

}  // namespace
}  // namespace harmonic
