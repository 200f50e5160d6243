#pragma once

#include <torch/types.h>

#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// A supernet's trainable tensors laid end to end in one buffer, and their gradients in another; the supernet's tensors
/// become views of them. Optimiser, clipping, averaging and all-reduce then each take one call instead of one a tensor.
class FlatParameters {
 public:
  /// Moves the supernet's parameters into the buffer and makes them require gradients.
  explicit FlatParameters(Supernet& supernet);

  [[nodiscard]] torch::Tensor& values() { return values_; }        ///< (P)
  [[nodiscard]] torch::Tensor& gradients() { return gradients_; }  ///< (P), summed into by backward
  [[nodiscard]] const torch::Tensor& decayed() const {
    return decayed_;
  }  ///< (P), 1 where weight decay acts: not on norms and biases
  /// Copies a buffer of the same layout into another supernet of the same space.
  void store(const torch::Tensor& values, Supernet& target) const;

 private:
  torch::Tensor values_, gradients_, decayed_;
};

}  // namespace harmonic
