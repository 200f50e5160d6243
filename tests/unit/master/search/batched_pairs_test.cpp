#include "master/search/batched_pairs.hpp"

#include <catch2/catch.hpp>

namespace harmonic {
namespace {

using Ids = std::vector<std::uint64_t>;

/// Candidates 1, 2, … with these numbers of cells.
std::vector<FusionCandidate> with_cells(const std::vector<int>& cells) {
  std::vector<FusionCandidate> candidates;
  for (const int n : cells) {
    const CandidateId id{candidates.size() + 1};
    candidates.push_back({id, {{}, {n, 1}}, {static_cast<float>(n)}, n});
  }
  return candidates;
}

std::vector<Ids> ids_of(const std::vector<SearchFusion>& work) {
  std::vector<Ids> ids;
  for (const auto& piece : work) {
    ids.emplace_back();
    for (const auto& candidate : piece.candidates) ids.back().push_back(candidate.candidate.value);
  }
  return ids;
}

TEST_CASE("One pair at once is a piece of work each, in unchanged order", "[master][batched]") {
  const auto candidates = with_cells({2, 1, 2, 3, 1});
  const auto work = batched_pairs(candidates, 1);
  REQUIRE(work.size() == candidates.size());
  for (std::size_t i = 0; i < work.size(); ++i) CHECK(work[i] == SearchFusion{{candidates[i]}});
}

TEST_CASE("Pairs of one macro-architecture are dealt evenly to as few pieces as possible", "[master][batched]") {
  const auto sizes = [](std::size_t pairs, int at_most) {
    std::vector<std::size_t> found;
    for (const auto& piece : batched_pairs(with_cells(std::vector(pairs, 2)), at_most))
      found.push_back(piece.candidates.size());
    return found;
  };
  using Sizes = std::vector<std::size_t>;
  CHECK(sizes(5, 4) == Sizes{3, 2});
  CHECK(sizes(4, 4) == Sizes{4});
  CHECK(sizes(9, 4) == Sizes{3, 3, 3});
  CHECK(sizes(7, 3) == Sizes{3, 2, 2});
  CHECK(sizes(1, 64) == Sizes{1});
  CHECK(batched_pairs({}, 4).empty());
}

TEST_CASE("Pairs of several macro-architectures are never mixed; pieces go by their first pair", "[master][batched]") {
  const auto candidates = with_cells({3, 1, 3, 1, 2, 3, 3});
  const auto work = batched_pairs(candidates, 3);
  CHECK(ids_of(work) == std::vector<Ids>{{1, 3}, {2, 4}, {5}, {6, 7}});
  for (const auto& piece : work)
    for (const auto& candidate : piece.candidates) CHECK(candidate == candidates[candidate.candidate.value - 1]);
  // Cells and nodes both count.
  auto others = with_cells({2, 2});
  others[1].genome.macro.nodes = 2;
  CHECK(batched_pairs(others, 2).size() == 2);
}

}  // namespace
}  // namespace harmonic
