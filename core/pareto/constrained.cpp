#include "core/pareto/constrained.hpp"

#include <algorithm>

#include "core/pareto/survival.hpp"

namespace harmonic {

bool dominates(const Objectives& a, double violation_a, const Objectives& b, double violation_b) {
  if (violation_a > 0 || violation_b > 0) return violation_a < violation_b;
  return dominates(a, b);
}

std::vector<std::size_t> survivors(const std::vector<Objectives>& points, const std::vector<double>& violations,
                                   std::size_t count) {
  std::vector<std::size_t> within, beyond;
  for (std::size_t p = 0; p < points.size(); ++p) (violations.at(p) > 0 ? beyond : within).push_back(p);
  std::vector<Objectives> feasible;
  for (const auto p : within) feasible.push_back(points[p]);
  std::vector<std::size_t> result;
  for (const auto i : survivors(feasible, count)) result.push_back(within[i]);
  std::ranges::stable_sort(beyond, {}, [&](std::size_t p) { return violations[p]; });
  for (const auto p : beyond)
    if (result.size() < count) result.push_back(p);
  return result;
}

}  // namespace harmonic
