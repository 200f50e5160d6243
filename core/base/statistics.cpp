#include "core/base/statistics.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace harmonic {

double student_quantile(double share, double freedom) {
  return boost::math::quantile(boost::math::students_t(freedom), share);
}

Interval share_interval(double share, double samples) {
  const double z = boost::math::quantile(boost::math::normal(), 0.975), squared = z * z;
  const double centre = (share + squared / (2 * samples)) / (1 + squared / samples);
  const double half =
      z / (1 + squared / samples) * std::sqrt(share * (1 - share) / samples + squared / (4 * samples * samples));
  // 0 and 1 are ends of their own intervals, but for rounding.
  return {share <= 0 ? 0 : centre - half, share >= 1 ? 1 : centre + half};
}

MeanInterval mean_interval(std::span<const double> values) {
  MeanInterval result;
  if (values.empty()) return result;
  result.count = values.size();
  result.lowest = std::ranges::min(values);
  result.highest = std::ranges::max(values);
  const auto n = static_cast<double>(values.size());
  for (const double v : values) result.mean += v / n;
  if (values.size() < 2) return result;
  if (result.lowest == result.highest) {  // rounding is no spread
    result.mean = result.lowest;
    result.half_width = 0;
    return result;
  }
  double squares = 0;
  for (const double v : values) squares += (v - result.mean) * (v - result.mean);
  result.half_width = student_quantile(0.975, n - 1) * std::sqrt(squares / (n - 1) / n);
  return result;
}

}  // namespace harmonic
