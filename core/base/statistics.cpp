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

double kendall_tau(std::span<const double> a, std::span<const double> b) {
  const auto sign = [](double x) { return (x > 0) - (x < 0); };
  double agreeing = 0, in_a = 0, in_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const int of_a = sign(a[i] - a[j]), of_b = sign(b[i] - b[j]);
      agreeing += of_a * of_b;
      in_a += std::abs(of_a);
      in_b += std::abs(of_b);
    }
  return in_a > 0 && in_b > 0 ? agreeing / std::sqrt(in_a * in_b) : 0;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

std::optional<Interval> median_interval(std::vector<double> values) {
  constexpr std::size_t kFewest = 6;  // of less even the extremes miss the median with more than 5 %
  if (values.size() < kFewest) return std::nullopt;
  const auto n = static_cast<double>(values.size());
  const double z = boost::math::quantile(boost::math::normal(), 0.975);
  const auto rank = static_cast<std::size_t>(std::max(0.0, std::floor(n / 2 - z * std::sqrt(n) / 2)));
  std::ranges::sort(values);
  return Interval{values[rank], values[values.size() - 1 - rank]};
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
