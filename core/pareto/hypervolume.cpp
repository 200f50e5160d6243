#include "core/pareto/hypervolume.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {
namespace {

/// Area of the union of boxes [p, reference] in the first two objectives: a sweep along the first.
double area(std::vector<Objectives> points, const Objectives& reference) {
  std::ranges::sort(points);
  double sum = 0;
  double floor = reference[1];  // lowest second objective so far
  for (const Objectives& p : points) {
    if (p[1] >= floor) continue;
    sum += (reference[0] - p[0]) * (floor - p[1]);
    floor = p[1];
  }
  return sum;
}

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

/// Volume in the first `dims` objectives.
double volume(std::vector<Objectives> points, const Objectives& reference, std::size_t dims) {
  if (points.empty()) return 0;
  if (dims == 1) return reference[0] - std::ranges::min(points)[0];
  if (dims == 2) return area(std::move(points), reference);
  // Worst first along the last objective: what a point shares with the later ones then reaches exactly as far as the
  // point itself, and its exclusive volume is a slab of that depth over an exclusive volume of one dimension less.
  const std::size_t last = dims - 1;
  std::ranges::sort(points, [&](const Objectives& a, const Objectives& b) { return a[last] > b[last]; });
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Objectives& p = points[i];
    double base = 1;
    for (std::size_t d = 0; d < last; ++d) base *= reference[d] - p[d];
    std::vector<Objectives> shared;
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      Objectives worse(last);
      for (std::size_t d = 0; d < last; ++d) worse[d] = std::max(p[d], points[j][d]);
      insert_uncovered(shared, std::move(worse), last);
    }
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
    if (std::ranges::equal(p, reference, std::less{})) insert_uncovered(inside, p, p.size());
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
