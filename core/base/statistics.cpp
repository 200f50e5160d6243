#include "core/base/statistics.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/students_t.hpp>

namespace harmonic {

double student_quantile(double share, double freedom) {
  return boost::math::quantile(boost::math::students_t(freedom), share);
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
