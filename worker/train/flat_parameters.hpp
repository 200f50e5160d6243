#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// A supernet's trainable tensors laid end to end in one buffer, and their gradients in another; the supernet's tensors
/// become views of them. Optimiser, clipping, averaging and all-reduce then each take one call instead of one a tensor.
class FlatParameters {
 public:
  /// One parameter's place in the buffers.
  struct Part {
    torch::Tensor parameter;
    std::int64_t offset = 0;
  };

  static constexpr std::int64_t kRiders = 2;

  /// Moves the supernet's parameters into the buffer and makes them require gradients.
  explicit FlatParameters(Supernet& supernet);

  [[nodiscard]] torch::Tensor& values() { return values_; }        ///< (P)
  [[nodiscard]] torch::Tensor& gradients() { return gradients_; }  ///< (P), summed into by backward
  /// (P + kRiders): the gradients, and behind them numbers that ranks sum along.
  [[nodiscard]] torch::Tensor& exchanged() { return exchanged_; }
  /// (P), 1 where weight decay acts: not on norms and biases.
  [[nodiscard]] const torch::Tensor& decayed() const { return decayed_; }
  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }  ///< in the order of the layers

 private:
  torch::Tensor values_, exchanged_, gradients_, decayed_;
  std::vector<Part> parts_;
};

/// Tensors as one buffer, one after another. Those of Supernet::parameters() lie as in FlatParameters.
[[nodiscard]] torch::Tensor end_to_end(const std::vector<torch::Tensor>& tensors);
/// Copies such a buffer into the tensors.
void copy_back(const torch::Tensor& flat, const std::vector<torch::Tensor>& tensors);

}  // namespace harmonic
