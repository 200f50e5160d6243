#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace harmonic {

/// Sums of a matrix's columns in blocks of rows: float inside a block, few enough rows to lose nothing that matters,
/// double over blocks.
class ColumnSums {
 public:
  explicit ColumnSums(std::int64_t width)
      : block_(static_cast<std::size_t>(width)), total_(static_cast<std::size_t>(width)) {}
  float* block() { return block_.data(); }
  void end_block() {
    for (std::size_t c = 0; c < block_.size(); ++c) {
      total_[c] += static_cast<double>(block_[c]);
      block_[c] = 0;
    }
  }
  [[nodiscard]] double operator[](std::int64_t c) const { return total_[static_cast<std::size_t>(c)]; }

 private:
  std::vector<float> block_;
  std::vector<double> total_;
};

}  // namespace harmonic
