#include "master/run/expected_seconds.hpp"

#include "core/work/expected_cost.hpp"

namespace harmonic {

std::size_t ExpectedSeconds::kind_of(const Work& work) {
  return is_late_fusion(work) ? std::variant_size_v<Work> : work.index();
}

void ExpectedSeconds::add(const Work& work, const Outcome& outcome, double seconds) {
  if (std::holds_alternative<Failure>(outcome) || !(seconds > 0)) return;
  auto& sum = sums_.at(kind_of(work));
  sum.seconds += seconds;
  sum.cost += expected_cost(work);
}

double ExpectedSeconds::of(const Work& work) const {
  const auto& sum = sums_.at(kind_of(work));
  return sum.cost > 0 ? expected_cost(work) * sum.seconds / sum.cost : 0;
}

}  // namespace harmonic
