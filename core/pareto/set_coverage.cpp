#include "core/pareto/set_coverage.hpp"

#include <algorithm>

#include "core/base/error.hpp"

namespace harmonic {

bool covers(const Objectives& a, const Objectives& b) {
  return std::ranges::equal(a, b, std::ranges::less_equal{});
}

double set_coverage(const std::vector<Objectives>& a, const std::vector<Objectives>& b) {
  auto all = a;
  all.insert(all.end(), b.begin(), b.end());
  check_points(all);
  if (b.empty()) throw InputError("a set without points has no share that is covered", "give one point at least");
  const auto covered = std::ranges::count_if(b, [&](const Objectives& p) {
    return std::ranges::any_of(a, [&](const Objectives& q) { return covers(q, p); });
  });
  return static_cast<double>(covered) / static_cast<double>(b.size());
}

}  // namespace harmonic
