#include "core/pareto/hypervolume.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

/// Points of a plane, and the area between them and a reference.
class Staircase {
 public:
  /// @param x, y the reference: below it in both objectives are the points to come
  Staircase(double x, double y) : steps_{{-kInfinity, y}, {x, -kInfinity}} {}

  /// The area that a further point adds; 0 when another covers it. O(log N), and the points that it covers go.
  double insert(double x, double y) {
    const auto before = std::prev(steps_.upper_bound(x));
    if (before->second <= y) return 0;
    double area = 0, left = x, top = before->second;
    for (auto step = std::next(before);; step = steps_.erase(step)) {
      area += (step->first - left) * (top - y);
      if (step->second < y) break;
      left = step->first;
      top = step->second;
    }
    steps_.insert_or_assign(x, y);
    return area;
  }

 private:
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::map<double, double> steps_;  ///< x -> y, falling; the reference gives the first and the last
};

/// Points of a space, and the volume between them and a reference.
class Hull {
 public:
  using Point = std::array<double, 3>;

  explicit Hull(const Point& reference) : reference_(reference) {}

  /// The volume that a further point adds; 0 when another covers it. Two looks at every point, O(N log N) at worst.
  double insert(const Point& p) {
    const double added = exclusive(p);
    if (added == 0) return 0;
    const auto above = std::ranges::lower_bound(points_, p[2], {}, [](const Point& q) { return q[2]; });
    const auto covered = [&](const Point& q) { return q[0] >= p[0] && q[1] >= p[1]; };
    points_.erase(std::remove_if(above, points_.end(), covered), points_.end());
    points_.insert(std::ranges::lower_bound(points_, p[2], {}, [](const Point& q) { return q[2]; }), p);
    return added;
  }

 private:
  /// A sweep along the third objective over what of p's box the others leave free in the first two.
  [[nodiscard]] double exclusive(const Point& p) const {
    double right = reference_[0], top = reference_[1];  // nothing is free beyond them
    const auto confine = [&](const Point& q) {
      if (q[1] <= p[1]) right = std::min(right, q[0]);
      if (q[0] <= p[0]) top = std::min(top, q[1]);
    };
    for (const Point& q : points_) {
      if (q[2] > p[2]) break;
      confine(q);
    }
    if (right <= p[0] || top <= p[1]) return 0;
    Staircase stairs(right, top);
    double free = (right - p[0]) * (top - p[1]);
    double volume = 0, reached = p[2];
    for (const Point& q : points_) {
      if (q[0] >= right || q[1] >= top) continue;
      if (q[2] > reached) volume += free * (q[2] - reached);
      reached = std::max(reached, q[2]);
      confine(q);
      if (right <= p[0] || top <= p[1]) return volume;
      free -= stairs.insert(std::max(q[0], p[0]), std::max(q[1], p[1]));
    }
    return volume + free * (reference_[2] - reached);
  }

  Point reference_;
  std::vector<Point> points_;  ///< none covers another; the third objective ascends
};

/// True when `a` is nowhere worse than `b` in the first `dims` objectives.
bool covers(const Objectives& a, const Objectives& b, std::size_t dims) {
  for (std::size_t i = 0; i < dims; ++i)
    if (a[i] > b[i]) return false;
  return true;
}

/// Adds `p` to points of which none covers another, keeping that so.
void insert_uncovered(std::vector<Objectives>& points, Objectives p, std::size_t dims) {
  if (std::ranges::any_of(points, [&](const Objectives& q) { return covers(q, p, dims); })) return;
  std::erase_if(points, [&](const Objectives& q) { return covers(p, q, dims); });
  points.push_back(std::move(p));
}

/// Volume in the first `dims` objectives of points that are below the reference in all of them.
double volume(std::vector<Objectives> points, const Objectives& reference, std::size_t dims) {
  if (points.empty()) return 0;
  const std::size_t last = dims - 1;
  double sum = 0;
  if (dims == 1) return reference[0] - std::ranges::min(points)[0];
  if (dims == 2) {
    Staircase stairs(reference[0], reference[1]);
    for (const Objectives& p : points) sum += stairs.insert(p[0], p[1]);
    return sum;
  }
  if (dims <= 4) {
    // Best first along the last objective: what a point adds to those before it, it adds from itself to the reference.
    std::ranges::sort(points, {}, [&](const Objectives& p) { return p[last]; });
    Staircase stairs(reference[0], reference[1]);
    Hull hull({reference[0], reference[1], reference[2]});
    for (const Objectives& p : points)
      sum += (reference[last] - p[last]) * (dims == 3 ? stairs.insert(p[0], p[1]) : hull.insert({p[0], p[1], p[2]}));
    return sum;
  }
  // Worst first along the last objective: what a point shares with the later ones then reaches exactly as far as the
  // point itself, and its exclusive volume is a slab of that depth over an exclusive volume of one dimension less.
  std::vector<Objectives> uncovered;
  for (Objectives& p : points) insert_uncovered(uncovered, std::move(p), dims);
  std::ranges::sort(uncovered, std::ranges::greater{}, [&](const Objectives& p) { return p[last]; });
  for (std::size_t i = 0; i < uncovered.size(); ++i) {
    const Objectives& p = uncovered[i];
    double base = 1;
    for (std::size_t d = 0; d < last; ++d) base *= reference[d] - p[d];
    std::vector<Objectives> shared(uncovered.begin() + static_cast<std::ptrdiff_t>(i) + 1, uncovered.end());
    for (Objectives& q : shared)
      for (std::size_t d = 0; d < last; ++d) q[d] = std::max(p[d], q[d]);
    sum += (reference[last] - p[last]) * (base - volume(std::move(shared), reference, last));
  }
  return sum;
}

}  // namespace

double hypervolume(const std::vector<Objectives>& points, const Objectives& reference) {
  check_points(points);
  if (!points.empty() && reference.size() != points[0].size())
    throw InputError(fmt::format("the reference has {} values, the points have {}", reference.size(), points[0].size()),
                     "give one value an objective");
  if (!std::ranges::all_of(reference, [](double value) { return std::isfinite(value); }))
    throw InputError("the reference holds a value that is not finite", "give numbers");
  std::vector<Objectives> inside;
  for (const Objectives& p : points)
    if (std::ranges::equal(p, reference, std::less{})) inside.push_back(p);
  return volume(std::move(inside), reference, reference.size());
}

Objectives worst_point(const std::vector<Objectives>& points) {
  check_points(points);
  if (points.empty()) throw InputError("there is no point to take a reference from", "give one row at least");
  Objectives worst = points[0];
  for (const Objectives& p : points)
    for (std::size_t d = 0; d < p.size(); ++d) worst[d] = std::max(worst[d], p[d]);
  return worst;
}

}  // namespace harmonic
