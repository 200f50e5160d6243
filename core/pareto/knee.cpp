#include "core/pareto/knee.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace harmonic {

std::vector<double> ideal_distances(const std::vector<Objectives>& points) {
  check_points(points);
  std::vector<double> distances(points.size());
  for (std::size_t d = 0; !points.empty() && d < points[0].size(); ++d) {
    const auto [best, worst] = std::ranges::minmax(points, {}, [d](const Objectives& p) { return p[d]; });
    const double least = best[d], span = worst[d] - least;
    if (span == 0) continue;
    for (std::size_t p = 0; p < points.size(); ++p) distances[p] += (points[p][d] - least) / span;
  }
  return distances;
}

std::size_t knee(const std::vector<Objectives>& points) {
  if (points.empty()) throw InputError("a front without points has no knee", "give one point at least");
  const auto distances = ideal_distances(points);
  return static_cast<std::size_t>(std::ranges::min_element(distances) - distances.begin());
}

}  // namespace harmonic
