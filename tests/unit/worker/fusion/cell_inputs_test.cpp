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

/// What a choice is judged by: is every cell read, how many modalities are, the product of weights.
using Worth = std::tuple<bool, int, double>;

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
  void draw(RandomStream& random) {
    weights.clear();
    for (int cell = 0; cell < cells; ++cell)
      for (int state = 0; state < states(cell); ++state) weights.push_back(std::log(1 - random.uniform()));
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
    return {all, reached, product};
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
    for (int draw = 0; draw < 12; ++draw) {
      problem.draw(random);
      Worth best{false, 0, -std::numeric_limits<double>::infinity()};
      std::vector<CellInputs> choice;
      try_all(problem, choice, best);
      const auto chosen = problem.choose();
      INFO(fmt::format("modalities {}, {} cells, {} joined: {}", problem.modalities, problem.cells, problem.joined,
                       chosen));
      const Worth worth = problem.worth(chosen);
      CHECK(std::get<bool>(worth));
      CHECK(std::get<int>(worth) ==
            std::min(static_cast<int>(problem.modalities.size()), problem.cells + problem.joined));
      CHECK(std::get<int>(worth) == std::get<int>(best));
      CHECK(std::get<double>(worth) == Approx(std::get<double>(best)).epsilon(1e-9));
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
}

TEST_CASE("Many cells over many inputs are as well chosen, and every weight may be next to none", "[fusion]") {
  RandomStream random(Seed{4}, "cell-inputs");
  Problem problem{{9, 9, 9, 9}, 64, 2};
  problem.draw(random);
  const auto worth = problem.worth(problem.choose());
  CHECK(std::get<bool>(worth));
  CHECK(std::get<int>(worth) == 4);
  for (double& weight : problem.weights) weight *= 1e30;
  CHECK(std::get<bool>(problem.worth(problem.choose())));
}

}  // namespace
}  // namespace harmonic
