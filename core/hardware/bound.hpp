#pragma once

#include <string>

namespace harmonic {

/// What a column of a run's tables may be at most, or at least. The limit itself is allowed.
struct Bound {
  std::string column;
  double limit = 0;
  bool is_upper = true;

  /// "latency_ms.tx2 <= 9"
  [[nodiscard]] std::string text() const;
};

/// Reads "latency_ms.tx2=9" or "latency_ms.tx2 9". @throws InputError
[[nodiscard]] Bound parse_bound(const std::string& text, bool is_upper);

}  // namespace harmonic
