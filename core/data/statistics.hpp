#pragma once

#include <cmath>

namespace harmonic {

struct Statistics {
  float mean = 0;
  float std = 1;  ///< of the whole population, above 0
};

/// Mean and standard deviation of some values; std 1 when all are equal.
template <class Values>
[[nodiscard]] Statistics statistics_of(const Values& values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0;
  for (const auto value : values) sum += value;
  const double mean = sum / count;
  double squares = 0;
  for (const auto value : values) squares += (value - mean) * (value - mean);
  const double std = std::sqrt(squares / count);
  return {static_cast<float>(mean), std > 0 ? static_cast<float>(std) : 1.0F};
}

}  // namespace harmonic
