#include "worker/fusion/genotype_parse.hpp"

#include <numeric>
#include <set>
#include <utility>

#include <catch2/catch.hpp>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

const std::vector<std::string> kOperators = {"Sum", "ScaleDotAttn", "LinearGLU", "ConcatFC", "SE1", "CatConvMish"};

Architecture drawn(int inputs, MacroArchitecture macro) {
  return random_architecture(inputs, macro, static_cast<int>(kOperators.size()), torch::kCPU);
}

void strengthen(torch::Tensor& edges, int row, double logit) {
  const torch::NoGradGuard no_grad;
  edges[row][1] = logit;
}

/// The network's states that its output depends on.
std::set<int> living_states(const Genotype& genotype, int inputs) {
  std::set<int> living(genotype.concat.begin(), genotype.concat.end());
  for (int c = static_cast<int>(genotype.cells.size()) - 1; c >= 0; --c)
    if (const auto& cell = genotype.cells[static_cast<std::size_t>(c)]; living.contains(inputs + c))
      living.insert({cell.first, cell.second});
  return living;
}

/// A cell's inner states, 0 and 1 its inputs, that its last step depends on.
std::set<int> living_states(const FusionCell& cell) {
  std::set<int> living = {1 + static_cast<int>(cell.steps.size())};
  for (int s = static_cast<int>(cell.steps.size()) - 1; s >= 0; --s)
    if (const auto& step = cell.steps[static_cast<std::size_t>(s)]; living.contains(2 + s))
      living.insert({step.first, step.second});
  return living;
}

TEST_CASE("Whatever was learned, every modality reaches the output, and nothing is there that the output does not read",
          "[fusion]") {
  torch::manual_seed(21);
  const std::vector<int> modalities = {3, 1, 2};
  for (int draw = 0; draw < 40; ++draw)
    for (const MacroArchitecture macro : {MacroArchitecture{2, 1}, MacroArchitecture{3, 4}, MacroArchitecture{4, 2}}) {
      const Genotype genotype = genotype_of(drawn(6, macro), modalities, kOperators, 2);
      INFO(to_text(genotype));
      REQUIRE(genotype.cells.size() == static_cast<std::size_t>(macro.cells));
      CHECK(genotype.concat == std::vector<int>{6 + macro.cells - 2, 6 + macro.cells - 1});
      const auto living = living_states(genotype, 6);
      for (int c = 0; c < macro.cells; ++c) CHECK(living.contains(6 + c));
      CHECK((living.contains(0) || living.contains(1) || living.contains(2)));
      CHECK(living.contains(3));
      CHECK((living.contains(4) || living.contains(5)));
      std::set<std::pair<int, int>> pairs;
      for (const auto& cell : genotype.cells) {
        CHECK(cell.first < cell.second);
        CHECK(pairs.emplace(cell.first, cell.second).second);
        CHECK(cell.steps.size() <= static_cast<std::size_t>(macro.nodes));
        CHECK(living_states(cell).size() == 2 + cell.steps.size());
      }
    }
}

TEST_CASE("A cell reads an earlier one where that edge is strong", "[fusion]") {
  torch::manual_seed(22);
  Architecture logits = drawn(4, {2, 1});
  strengthen(logits.alphas, 0, 2);  // cell 0: inputs 0 and 1
  strengthen(logits.alphas, 1, 2);
  strengthen(logits.alphas, 4 + 2, 2);  // cell 1: input 2 and cell 0
  strengthen(logits.alphas, 4 + 4, 2);
  const std::vector<int> modalities = {2, 2};
  const Genotype joined = genotype_of(logits, modalities, kOperators, 2);
  CHECK(std::pair(joined.cells[0].first, joined.cells[0].second) == std::pair(0, 1));
  CHECK(std::pair(joined.cells[1].first, joined.cells[1].second) == std::pair(2, 4));
  CHECK(joined.concat == std::vector<int>{4, 5});
  CHECK(genotype_of(logits, modalities, kOperators, 1).concat == std::vector<int>{5});
}

TEST_CASE("A step that the cell's last one does not depend on is left out, and the others are numbered anew",
          "[fusion]") {
  torch::manual_seed(23);
  Architecture logits = drawn(2, {1, 4});
  // Rows of step s begin after those of the steps before: 0, 2, 5, 9. Inner states: 0 and 1 inputs, 2 … 5 steps.
  const std::vector<std::pair<int, int>> strong = {
      {0 + 0, 2}, {0 + 1, 1},   // step 0 reads the inputs
      {2 + 0, 2}, {2 + 1, 1},   // step 1 reads the inputs: it does not need step 0
      {5 + 1, 2}, {5 + 2, 1},   // step 2 reads input 1 and step 0
      {9 + 3, 2}, {9 + 0, 1}};  // step 3 reads step 1 and input 0
  for (const auto& [row, logit] : strong) strengthen(logits.betas[0], row, logit);
  {
    const torch::NoGradGuard no_grad;
    for (int s = 0; s < 4; ++s) logits.gammas[0][s][s] = 1;
  }
  const std::vector<int> modalities = {1, 1};
  CHECK(to_text(genotype_of(logits, modalities, kOperators, 1)) == "0+1:ScaleDotAttn(0,1),ConcatFC(0,2) -> 2");
  CHECK(to_text(published_genotype(logits, 2, kOperators, 2)) ==
        "0+1:Sum(0,1),ScaleDotAttn(0,1),LinearGLU(1,2),ConcatFC(3,0) -> 1,2");
}

TEST_CASE("Without two inputs there is no genotype", "[fusion]") {
  CHECK_THROWS_AS(genotype_of(drawn(1, {1, 1}), std::vector<int>{1}, kOperators, 1), InputError);
  CHECK_THROWS_AS(published_genotype(drawn(1, {1, 1}), 1, kOperators, 2), InputError);
}

TEST_CASE(
    "With more cells than pairs of unused inputs the published rule takes pairs that no earlier cell took, then any",
    "[fusion]") {
  torch::manual_seed(8);
  // Three inputs, five cells: two pairs with an unused input, then the third pair, then the best again.
  Architecture logits = drawn(3, {5, 1});
  logits.alphas = torch::zeros_like(logits.alphas);
  std::int64_t row = 0;
  for (int cell = 0; cell < 5; ++cell) {
    logits.alphas[row + 0][1] = 3.0;
    logits.alphas[row + 1][1] = 2.0;
    logits.alphas[row + 2][1] = 1.0;
    row += 3 + cell;
  }
  const Genotype genotype = published_genotype(logits, 3, kOperators, 2);
  std::vector<std::pair<int, int>> pairs;
  for (const auto& cell : genotype.cells) pairs.emplace_back(cell.first, cell.second);
  CHECK(pairs == std::vector<std::pair<int, int>>{{0, 1}, {0, 2}, {1, 2}, {0, 1}, {0, 1}});
  CHECK(genotype.concat == std::vector<int>{6, 7});
}

}  // namespace
}  // namespace harmonic
