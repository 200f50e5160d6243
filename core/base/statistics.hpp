#pragma once

#include <optional>
#include <span>
#include <vector>

namespace harmonic {

/// What repeated measurements of one quantity say of it.
struct MeanInterval {
  std::size_t count = 0;
  double mean = 0, lowest = 0, highest = 0;  ///< 0 when there is no measurement
  std::optional<double> half_width;          ///< of the two-sided 95 % confidence interval; from two measurements on
};

/// Of Student's t distribution. @param share 0 … 1, both excluded @param freedom above 0
[[nodiscard]] double student_quantile(double share, double freedom);

/// Two ends of an interval.
struct Interval {
  double low = 0, high = 0;

  bool operator==(const Interval&) const = default;
};
/// The 95 % interval of a share that was seen in so many samples (Wilson's score interval, 1927): it stays within 0 …
/// 1, and no sample being wrong does not show that none ever is. @param share 0 … 1 @param samples above 0
[[nodiscard]] Interval share_interval(double share, double samples);

/// Kendall's tau-b: 1 where both rank alike; pairs that are equal in one of them count as half known. 0 when one of
/// them ranks nothing. @param a, b of equal length
[[nodiscard]] double kendall_tau(std::span<const double> a, std::span<const double> b);

/// The value in the middle; of an even number the mean of two. @param values not empty
[[nodiscard]] double median(std::vector<double> values);
/// The median's 95 % interval, by order statistics: whatever the values' distribution. None of less than six values,
/// which cannot tell.
[[nodiscard]] std::optional<Interval> median_interval(std::vector<double> values);

/// Mean with its Student-t interval: t(0.975, n - 1) * s / sqrt(n).
[[nodiscard]] MeanInterval mean_interval(std::span<const double> values);

}  // namespace harmonic
