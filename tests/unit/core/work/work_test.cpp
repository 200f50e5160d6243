#include "core/work/work.hpp"

#include <catch2/catch.hpp>

#include "core/work/expected_cost.hpp"

namespace harmonic {
namespace {

SearchFusion search_of(const std::vector<std::uint64_t>& ids) {
  SearchFusion work;
  for (const auto id : ids) work.candidates.push_back({CandidateId{id}, {}});
  return work;
}

TEST_CASE("A piece of work is described by what it is of", "[core][work]") {
  CHECK(describe(EvaluateBackbones{1, {{}, {}}}) == "evaluation of 2 backbones of modality 1");
  CHECK(describe(search_of({7})) == "fusion search of model 7");
  CHECK(describe(search_of({7, 9})) == "fusion search of models 7 and 9");
  CHECK(describe(search_of({7, 9, 12})) == "fusion search of models 7, 9 and 12");
  CHECK(describe(TestModel{CandidateId{3}, {}, {}}) == "test of model 3");
}

TEST_CASE("A group of fusion searches counts for all of them", "[core][work]") {
  CHECK(parts_of(EvaluateBackbones{1, {{}, {}}}) == 1);
  CHECK(parts_of(search_of({7, 9, 12})) == 3);
}

TEST_CASE("Longer work is expected to cost more", "[core][work]") {
  const auto& space = find_space("avmnist-image");
  const MultimodalGenome small{{smallest_genome(space), smallest_genome(space)}, {1, 1}};
  const MultimodalGenome large{{largest_genome(space), largest_genome(space)}, {4, 4}};
  const SearchFusion one_small{{{CandidateId{1}, small}}}, one_large{{{CandidateId{1}, large}}};
  const SearchFusion two_large{{{CandidateId{1}, large}, {CandidateId{2}, large}}};
  CHECK(expected_cost(one_large) > expected_cost(one_small));
  CHECK(expected_cost(two_large) == Approx(2 * expected_cost(one_large)));
  CHECK(expected_cost(EvaluateBackbones{0, large.backbones}) > expected_cost(EvaluateBackbones{0, small.backbones}));
}

}  // namespace
}  // namespace harmonic
