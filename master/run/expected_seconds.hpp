#pragma once

#include <array>
#include <variant>

#include "core/work/work.hpp"

namespace harmonic {

/// How long pieces of work take on a worker, by those that were done: of each kind the mean of their seconds a unit of
/// expected_cost. Late fusion is a kind of its own.
class ExpectedSeconds {
 public:
  /// What failed tells nothing, nor does what took no time.
  void add(const Work& work, const Outcome& outcome, double seconds);
  /// 0 while nothing of the kind was done.
  [[nodiscard]] double of(const Work& work) const;

 private:
  struct Sum {
    double seconds = 0, cost = 0;
  };
  [[nodiscard]] static std::size_t kind_of(const Work& work);

  std::array<Sum, std::variant_size_v<Work> + 1> sums_{};
};

}  // namespace harmonic
