#pragma once

#include <torch/types.h>

#include "worker/fusion/architecture.hpp"

namespace harmonic {

/// Tells when a differentiable search has said what it has to say: its operators are decided, and the strongest of
/// every step has been the same for some epochs. Which states are read goes on to change where it makes no difference,
/// and so does not count. Where there is but one operator to choose from, only that is learned, and there is no end.
class Standstill {
 public:
  /// @param epochs without a change that are enough; 0: there is no end
  explicit Standstill(int epochs) : wanted_(epochs) {}
  /// Takes in one more epoch of one network. @param temperature of its operators' softmax
  void add_epoch(const Architecture& logits, double temperature);
  [[nodiscard]] bool reached() const { return wanted_ > 0 && epochs_ >= wanted_; }

 private:
  int wanted_;
  int epochs_ = 0;           ///< in which the operators were decided and those before
  torch::Tensor strongest_;  ///< (steps of all cells)
};

}  // namespace harmonic
