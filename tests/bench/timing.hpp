#pragma once

#include <algorithm>
#include <chrono>
#include <limits>

#include "tests/bench/measured_child.hpp"

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

/// The same in CPU time of all threads, which other programs disturb less.
template <class Body>
double best_cpu_seconds(int repeats, Body body) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeats; ++i) {
    const double start = Clock::now().cpu_s;
    body();
    best = std::min(best, Clock::now().cpu_s - start);
  }
  return best;
}

}  // namespace harmonic::bench
