#include "core/pareto/survival.hpp"

#include <algorithm>

#include "core/pareto/crowding.hpp"

namespace harmonic {

std::vector<std::size_t> survivors(const std::vector<Objectives>& points, std::size_t count) {
  const auto crowding = crowding_distance(points);
  std::vector<std::size_t> result;
  for (Front front : fronts(points)) {
    std::ranges::stable_sort(front, std::ranges::greater{}, [&](std::size_t p) { return crowding[p]; });
    for (const std::size_t p : front) {
      if (result.size() == count) return result;
      result.push_back(p);
    }
  }
  return result;
}

}  // namespace harmonic
