#include "worker/fusion/cell_inputs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>

#include <catch2/catch.hpp>
#include <fmt/ranges.h>

#include "core/base/rng.hpp"

namespace harmonic {
namespace {

/// What a choice is judged by: is every cell read, how many modalities are, in how many ways cells read, the product of
/// weights.
using Worth = std::tuple<bool, int, std::size_t, double>;

/// How weights come about.
enum class Draw { each, alike, tied };

struct Problem {
  std::vector<int> modalities;
  int cells = 1, joined = 1;
  std::vector<double> weights = {};  ///< logarithms, of all edges

  [[nodiscard]] int inputs() const { return std::accumulate(modalities.begin(), modalities.end(), 0); }
  [[nodiscard]] int states(int cell) const { return inputs() + cell; }
  [[nodiscard]] double weight(int cell, int state) const {
    int row = 0;
    for (int c = 0; c < cell; ++c) row += states(c);
    return weights[static_cast<std::size_t>(row + state)];
  }
  /// Alike: all cells would rather read nearly the same. Tied: many choices are as good.
  void draw(RandomStream& random, Draw how = Draw::each) {
    weights.clear();
    std::vector<double> common;
    for (int state = 0; state < states(cells); ++state) common.push_back(4 * random.uniform());
    for (int cell = 0; cell < cells; ++cell)
      for (int state = 0; state < states(cell); ++state)
        weights.push_back(how == Draw::each    ? std::log(1 - random.uniform())
                          : how == Draw::alike ? -common[static_cast<std::size_t>(state)] - random.uniform()
                                               : -static_cast<double>(random.below(2)));
  }
  [[nodiscard]] Worth worth(const std::vector<CellInputs>& choice) const {
    std::set<int> read;
    double product = 0;
    for (int cell = 0; cell < cells; ++cell) {
      const auto [first, second] = choice[static_cast<std::size_t>(cell)];
      read.insert({first, second});
      product += weight(cell, first) + weight(cell, second);
    }
    bool all = true;
    for (int cell = 0; cell < cells - joined; ++cell) all = all && read.contains(inputs() + cell);
    int reached = 0, first = 0;
    for (const int own : modalities) {
      const auto input = read.lower_bound(first);
      reached += input != read.end() && *input < first + own ? 1 : 0;
      first += own;
    }
    return {all, reached, std::set(choice.begin(), choice.end()).size(), product};
  }
  [[nodiscard]] std::vector<CellInputs> choose() const {
    return choose_cell_inputs(weights, modalities, cells, joined);
  }
};

/// Every choice there is.
void try_all(const Problem& problem, std::vector<CellInputs>& choice, Worth& best) {
  const int cell = static_cast<int>(choice.size());
  if (cell == problem.cells) {
    best = std::max(best, problem.worth(choice));
    return;
  }
  for (int j = 0; j < problem.states(cell); ++j)
    for (int k = j + 1; k < problem.states(cell); ++k) {
      choice.emplace_back(j, k);
      try_all(problem, choice, best);
      choice.pop_back();
    }
}

TEST_CASE("The states that cells read are the best there are, as trying all choices shows", "[fusion]") {
  RandomStream random(Seed{3}, "cell-inputs");
  for (Problem problem : {Problem{{1, 1}, 1, 1}, Problem{{2, 2}, 2, 2}, Problem{{2, 1, 2}, 2, 1}, Problem{{3, 2}, 3, 2},
                          Problem{{1, 1, 2}, 3, 1}, Problem{{2, 2}, 4, 2}, Problem{{1, 2}, 4, 1}, Problem{{1, 1}, 4, 4},
                          Problem{{1, 1, 1, 1, 1}, 2, 2}, Problem{{2, 1, 1}, 1, 1}, Problem{{1, 1, 1, 1}, 3, 1}})
    for (int draw = 0; draw < 18; ++draw) {
      problem.draw(random, static_cast<Draw>(draw % 3));
      Worth best{false, 0, 0, -std::numeric_limits<double>::infinity()};
      std::vector<CellInputs> choice;
      try_all(problem, choice, best);
      const auto chosen = problem.choose();
      INFO(fmt::format("modalities {}, {} cells, {} joined, draw {}: {}", problem.modalities, problem.cells,
                       problem.joined, draw, chosen));
      const auto& [all, reached, ways, product] = problem.worth(chosen);
      CHECK(all);
      CHECK(reached == std::min(static_cast<int>(problem.modalities.size()), problem.cells + problem.joined));
      CHECK(reached == std::get<int>(best));
      CHECK(ways == static_cast<std::size_t>(problem.cells));
      CHECK(product == Approx(std::get<double>(best)).epsilon(1e-9));
    }
}

TEST_CASE("Where every choice is as good, cells read the earliest states that let everything be read", "[fusion]") {
  const auto even = [](Problem problem) {
    problem.weights.assign(1000, std::log(0.5));
    return problem.choose();
  };
  CHECK(even({{2, 2}, 1, 1}) == std::vector<CellInputs>{{0, 2}});
  CHECK(even({{2, 2}, 2, 2}) == std::vector<CellInputs>{{0, 1}, {0, 2}});
  CHECK(even({{2, 2}, 2, 1}) == std::vector<CellInputs>{{0, 1}, {2, 4}});
  CHECK(even({{1, 1}, 3, 3}) == std::vector<CellInputs>{{0, 1}, {0, 2}, {0, 3}});
}

TEST_CASE("Cells that learned to read the same do not: one of them takes the next best", "[fusion]") {
  Problem problem{{2, 2}, 2, 2};
  problem.weights = {-0.1, -2.0, -0.1, -1.0, -0.1, -2.0, -0.2, -0.9, -3.0};
  CHECK(problem.choose() == std::vector<CellInputs>{{0, 2}, {0, 3}});
}

TEST_CASE("Many cells over many inputs are as well chosen, and every weight may be next to none", "[fusion]") {
  RandomStream random(Seed{4}, "cell-inputs");
  const auto check = [](const Problem& problem) {
    const auto& [all, reached, ways, product] = problem.worth(problem.choose());
    CHECK(all);
    CHECK(reached == static_cast<int>(problem.modalities.size()));
    CHECK(ways == static_cast<std::size_t>(problem.cells));
  };
  Problem many{{9, 9, 9, 9}, 64, 2};
  many.draw(random);
  check(many);
  for (Problem problem : {Problem{{9, 9, 9, 9}, 24, 2}, Problem{{1, 1}, 24, 24}})
    for (const Draw how : {Draw::each, Draw::alike, Draw::tied}) {
      problem.draw(random, how);
      check(problem);
      for (double& weight : problem.weights) weight *= 1e30;
      check(problem);
    }
}

}  // namespace
}  // namespace harmonic
