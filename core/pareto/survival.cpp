#include "core/pareto/survival.hpp"

#include <algorithm>
#include <numeric>

#include "core/pareto/crowding.hpp"

namespace harmonic {

std::vector<std::size_t> survivors(const std::vector<Objectives>& points, std::size_t count) {
  std::vector<std::size_t> result;
  for (const Front& front : fronts(points)) {
    const auto crowding = crowding_distance(points, front);
    std::vector<std::size_t> order(front.size());  // indices into front
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t i) { return crowding[i]; });
    for (const std::size_t i : order) {
      if (result.size() == count) return result;
      result.push_back(front[i]);
    }
  }
  return result;
}

}  // namespace harmonic
