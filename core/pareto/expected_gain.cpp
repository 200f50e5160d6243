#include "core/pareto/expected_gain.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace harmonic {
namespace {

/// How far below `level` the number is on average, 0 where it is not: the integral of its distribution function.
double expected_shortfall(LogNormal x, double level) {
  if (level <= 0) return 0;
  if (x.deviation <= 0) return std::max(0.0, level - std::exp(x.mean));
  const auto share_below = [](double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); };
  const double z = (std::log(level) - x.mean) / x.deviation;
  const double mean_below = std::exp(x.mean + 0.5 * x.deviation * x.deviation) * share_below(z - x.deviation);
  return std::max(0.0, level * share_below(z) - mean_below);
}

bool no_larger(std::span<const double> a, std::span<const double> b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] > b[i]) return false;
  return true;
}

}  // namespace

ExpectedGain::ExpectedGain(const Objectives& least, const Objectives& reference, std::size_t places,
                           RandomStream& random) {
  for (std::size_t i = 1; i < reference.size(); ++i) place_volume_ *= reference[i] - least[i];
  place_volume_ /= static_cast<double>(places);
  for (std::size_t p = 0; p < places; ++p) {
    Place place{{}, reference[0]};
    for (std::size_t i = 1; i < reference.size(); ++i) place.others.push_back(random.uniform(least[i], reference[i]));
    places_.push_back(std::move(place));
  }
}

void ExpectedGain::add(const Objectives& point) {
  const std::span others = std::span(point).subspan(1);
  for (auto& place : places_)
    if (no_larger(others, place.others)) place.reached = std::min(place.reached, point[0]);
  std::ranges::stable_sort(places_, {}, &Place::reached);
}

double ExpectedGain::of(LogNormal first, std::span<const double> others) const {
  double sum = 0, shortfall = 0, level = 0;
  for (const auto& place : places_) {
    if (!no_larger(others, place.others)) continue;
    if (place.reached != level) {
      level = place.reached;
      shortfall = expected_shortfall(first, level);
    }
    sum += shortfall;
  }
  return sum * place_volume_;
}

}  // namespace harmonic
