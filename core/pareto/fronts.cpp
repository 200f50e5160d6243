#include "core/pareto/fronts.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

bool dominates(const Objectives& a, const Objectives& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

void check_points(const std::vector<Objectives>& points) {
  for (std::size_t p = 0; p < points.size(); ++p) {
    if (points[p].empty() || points[p].size() != points[0].size())
      throw InputError(fmt::format("point {} has {} objectives, point 0 has {}", p, points[p].size(), points[0].size()),
                       "give every point the same objectives, one at least");
    if (!std::ranges::all_of(points[p], [](double value) { return std::isfinite(value); }))
      throw InputError(fmt::format("point {} has an objective that is not finite", p), "leave the point out");
  }
}

std::vector<Front> fronts(const std::vector<Objectives>& points) {
  check_points(points);
  std::vector<std::vector<std::size_t>> dominated(points.size());  // by each point
  std::vector<std::size_t> dominators(points.size(), 0);           // of each point, among those not yet in a front
  for (std::size_t a = 0; a < points.size(); ++a)
    for (std::size_t b = a + 1; b < points.size(); ++b) {
      const bool a_wins = dominates(points[a], points[b]);
      if (!a_wins && !dominates(points[b], points[a])) continue;
      const auto [winner, loser] = a_wins ? std::pair(a, b) : std::pair(b, a);
      dominated[winner].push_back(loser);
      ++dominators[loser];
    }

  std::vector<Front> result;
  Front current;
  for (std::size_t p = 0; p < points.size(); ++p)
    if (dominators[p] == 0) current.push_back(p);
  while (!current.empty()) {
    Front next;
    for (const std::size_t p : current)
      for (const std::size_t q : dominated[p])
        if (--dominators[q] == 0) next.push_back(q);
    std::ranges::sort(next);
    result.push_back(std::move(current));
    current = std::move(next);
  }
  return result;
}

std::vector<std::size_t> front_ranks(const std::vector<Objectives>& points) {
  std::vector<std::size_t> ranks(points.size());
  const auto sorted = fronts(points);
  for (std::size_t rank = 0; rank < sorted.size(); ++rank)
    for (const std::size_t p : sorted[rank]) ranks[p] = rank;
  return ranks;
}

}  // namespace harmonic
