#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

namespace harmonic::bench {

/// Seconds that `body` takes, wall-clock.
template <class Body>
double seconds(Body body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The least of several: what the work takes where nothing else gets in between.
template <class Body>
double best_seconds(int repeats, Body body) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeats; ++i) best = std::min(best, seconds(body));
  return best;
}

}  // namespace harmonic::bench
