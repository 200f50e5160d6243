#pragma once

#include <string>
#include <vector>

#include "core/hardware/lut.hpp"

namespace harmonic {

/// A row that is not like the others.
struct RowFinding {
  std::string key;
  std::string why;  ///< "latency 0.716 ms, 6.1 times what the table's other rows let expect"
};

/// Rows of a table that are suspect by the table alone: far from its own trend of latency over the kernels, operations
/// and bytes of a layer, or drawing a power far from that of the others. Far: by more than a factor of 2, and by more
/// than 4 robust standard deviations.
[[nodiscard]] std::vector<RowFinding> rows_off_trend(const LookUpTable& table);

/// Rows that differ from another device's otherwise than most rows do, in latency or energy: by more than a factor of
/// 2 and more than 4 robust standard deviations from the usual ratio; or that are the other's own, to the last digit,
/// which two measurements are not.
[[nodiscard]] std::vector<RowFinding> rows_off_ratio(const LookUpTable& table, const LookUpTable& other);

}  // namespace harmonic
