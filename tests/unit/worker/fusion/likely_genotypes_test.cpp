#include "worker/fusion/likely_genotypes.hpp"

#include <algorithm>
#include <set>

#include <catch2/catch.hpp>
#include <torch/types.h>

#include "worker/fusion/genotype_parse.hpp"

namespace harmonic {
namespace {

const std::vector<std::string> kOperators = {"Sum", "SE1", "ConcatFC"};

/// Two modalities of two inputs, two cells of one node: cells read 0+2 and 1+3, their operators lead by these numbers.
Architecture decided(std::vector<double> first, std::vector<double> second) {
  Architecture logits{torch::zeros({9, 2}), {}, {}};
  for (const int row : {0, 2, 5, 7}) logits.alphas[row][1] = 5;
  for (const auto& gamma : {first, second}) {
    logits.betas.push_back(torch::zeros({2, 2}));
    logits.gammas.push_back(torch::tensor(gamma, torch::kFloat64).unsqueeze(0));
  }
  return logits;
}

std::vector<std::string> texts(const Architecture& logits, std::size_t count) {
  std::vector<std::string> all;
  for (const auto& genotype : likely_genotypes(logits, std::vector{2, 2}, kOperators, 2, count))
    all.push_back(to_text(genotype));
  return all;
}

TEST_CASE("The likeliest genotype is the strongest one, and the only one asked for", "[fusion][trials]") {
  const auto logits = decided({3, 0, 0}, {0, 3, 0});
  CHECK(texts(logits, 1) == std::vector{to_text(genotype_of(logits, std::vector{2, 2}, kOperators, 2))});
}

TEST_CASE("Which state is x comes first among the others, of operators only where it makes a difference",
          "[fusion][trials]") {
  const auto found = texts(decided({9, 0, 0}, {0, 9, 0}), 8);
  CHECK(found == std::vector<std::string>{"0+2:Sum(0,1) | 1+3:SE1(0,1) -> 4,5", "2+0:Sum(0,1) | 1+3:SE1(0,1) -> 4,5",
                                          "0+2:Sum(0,1) | 3+1:SE1(0,1) -> 4,5", "0+2:Sum(0,1) | 1+3:SE1(1,0) -> 4,5",
                                          "2+0:Sum(0,1) | 3+1:SE1(0,1) -> 4,5", "2+0:Sum(0,1) | 1+3:SE1(1,0) -> 4,5",
                                          "0+2:Sum(0,1) | 3+1:SE1(1,0) -> 4,5", "0+2:SE1(0,1) | 1+3:SE1(0,1) -> 4,5"});
}

TEST_CASE("An operator that is nearly as strong is tried before one that is not", "[fusion][trials]") {
  const auto found = texts(decided({3, 0, 2.5}, {0, 1, 3}), 12);
  const auto at = [&](const std::string& text) { return std::ranges::find(found, text) - found.begin(); };
  CHECK(at("0+2:ConcatFC(0,1) | 1+3:ConcatFC(0,1) -> 4,5") < at("0+2:Sum(0,1) | 1+3:SE1(0,1) -> 4,5"));
  CHECK(std::set(found.begin(), found.end()).size() == found.size());
  CHECK(found.size() == 12);
}

}  // namespace
}  // namespace harmonic
