#pragma once

#include <optional>
#include <span>

namespace harmonic {

/// What repeated measurements of one quantity say of it.
struct MeanInterval {
  std::size_t count = 0;
  double mean = 0, lowest = 0, highest = 0;  ///< 0 when there is no measurement
  std::optional<double> half_width;          ///< of the two-sided 95 % confidence interval; from two measurements on
};

/// Of Student's t distribution. @param share 0 … 1, both excluded @param freedom above 0
[[nodiscard]] double student_quantile(double share, double freedom);

/// Mean with its Student-t interval: t(0.975, n - 1) * s / sqrt(n).
[[nodiscard]] MeanInterval mean_interval(std::span<const double> values);

}  // namespace harmonic
