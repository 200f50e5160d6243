#include "core/pareto/crowding.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace harmonic {

std::vector<double> crowding_distance(const std::vector<Objectives>& points, const Front& front) {
  std::vector<double> distance(front.size(), 0.0);
  if (front.empty()) return distance;
  std::vector<std::size_t> order(front.size());  // indices into front
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t objective = 0; objective < points[front[0]].size(); ++objective) {
    const auto value = [&](std::size_t i) { return points[front[i]][objective]; };
    std::ranges::stable_sort(order, {}, value);
    const double extent = value(order.back()) - value(order.front());
    distance[order.front()] = distance[order.back()] = std::numeric_limits<double>::infinity();
    if (extent == 0) continue;
    for (std::size_t i = 1; i + 1 < order.size(); ++i)
      distance[order[i]] += (value(order[i + 1]) - value(order[i - 1])) / extent;
  }
  return distance;
}

std::vector<double> crowding_distance(const std::vector<Objectives>& points) {
  std::vector<double> result(points.size());
  for (const Front& front : fronts(points)) {
    const auto distance = crowding_distance(points, front);
    for (std::size_t i = 0; i < front.size(); ++i) result[front[i]] = distance[i];
  }
  return result;
}

}  // namespace harmonic
