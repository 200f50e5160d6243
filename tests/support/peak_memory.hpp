#pragma once

#include <fstream>
#include <optional>
#include <string>

namespace harmonic::testing {

/// Sanitizers hold freed memory back, and add to what is held.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

/// How far this process's memory rises above what it holds now, at its highest, while this lives. Linux only.
class PeakMemory {
 public:
  PeakMemory() {
    std::ofstream clear("/proc/self/clear_refs");
    clear << 5 << std::flush;
    works_ = static_cast<bool>(clear);
    start_ = kibibytes("VmRSS:");
  }
  /// Nothing where the system does not tell, and under the address sanitizer.
  [[nodiscard]] std::optional<double> rise_mib() const {
    if (kSanitized || !works_ || start_ == 0) return std::nullopt;
    return (kibibytes("VmHWM:") - start_) / 1024;
  }

 private:
  static double kibibytes(const std::string& field) {
    std::ifstream status("/proc/self/status");
    std::string word;
    double value = 0;
    while (status >> word)
      if (word == field && status >> value) return value;
    return 0;
  }

  bool works_ = false;
  double start_ = 0;
};

}  // namespace harmonic::testing
