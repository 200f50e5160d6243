#pragma once

#include <functional>
#include <vector>

namespace harmonic::bench {

/// Time since the process began, for differences.
struct Clock {
  double wall_s = 0;
  double cpu_s = 0;  ///< of all threads, user and system
  [[nodiscard]] static Clock now();
};

/// Peak resident memory of this process so far, MiB.
[[nodiscard]] double peak_memory_mib();

/// Runs `work` in a forked process of its own, so that its memory and caches mix with nobody's, and returns the numbers
/// that it returned. The caller must not have started threads (LibTorch's included) before.
/// @throws RunError when the process failed; what it threw it has printed
[[nodiscard]] std::vector<double> in_child(const std::function<std::vector<double>()>& work);

}  // namespace harmonic::bench
