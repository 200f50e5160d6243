#include "core/pareto/fronts.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

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

std::vector<std::size_t> front_ranks(const std::vector<Objectives>& points) {
  check_points(points);
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return points[a] < points[b]; });

  // Every front's distinct points so far, one after another. In lexicographic order no point is dominated by a later
  // one, and an earlier one dominates it when it is nowhere worse in the objectives after the first.
  std::vector<std::vector<double>> members;
  const auto dominated_in = [](const std::vector<double>& front, const Objectives& p) {
    for (std::size_t end = front.size(); end > 0; end -= p.size()) {  // the nearest are the likeliest to dominate
      const double* q = &front[end - p.size()];
      bool covers = true;  // to the last objective: a branch that nothing foretells costs more than the comparison
      for (std::size_t d = 1; d < p.size(); ++d) covers &= q[d] <= p[d];
      if (covers) return true;
    }
    return false;
  };
  std::vector<std::size_t> ranks(points.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Objectives& p = points[order[i]];
    if (i > 0 && points[order[i - 1]] == p) {
      ranks[order[i]] = ranks[order[i - 1]];
      continue;
    }
    // What a front dominates, every front before it does, too.
    const auto rank = static_cast<std::size_t>(
        std::ranges::partition_point(members, [&](const auto& front) { return dominated_in(front, p); }) -
        members.begin());
    if (rank == members.size()) members.emplace_back();
    if (p.size() <= 2) members[rank].clear();  // of two objectives the last point has the lowest second one
    members[rank].insert(members[rank].end(), p.begin(), p.end());
    ranks[order[i]] = rank;
  }
  return ranks;
}

std::vector<Front> fronts(const std::vector<Objectives>& points) {
  const auto ranks = front_ranks(points);
  std::vector<Front> result(points.empty() ? 0 : std::ranges::max(ranks) + 1);
  for (std::size_t p = 0; p < points.size(); ++p) result[ranks[p]].push_back(p);
  return result;
}

}  // namespace harmonic
