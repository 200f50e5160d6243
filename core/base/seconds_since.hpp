#pragma once

#include <chrono>

namespace harmonic {

/// Seconds of wall-clock time from `start` to now.
[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace harmonic
