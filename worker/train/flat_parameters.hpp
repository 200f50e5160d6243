#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "worker/backbone/supernet.hpp"

namespace harmonic {

/// Numbers of a step that the ranks sum in the same all-reduce as the gradients.
enum class StepScalar : std::int64_t {
  loss,           ///< of the largest sub-network
  loss_smallest,  ///< likewise, by the labels alone
  loss_random,    ///< likewise, mean over the random ones
  stop,           ///< how many ranks were asked to stop
  norm,           ///< of the summed gradients; not summed itself: every rank sets it once the sums are there
  count,
};

/// A supernet's trainable tensors flattened into one buffer, and their gradients into another; the supernet's tensors
/// become views of them. Optimiser, clipping, averaging and all-reduce then each take one call instead of one a tensor.
class FlatParameters {
 public:
  /// One parameter's place in the buffers.
  struct Part {
    torch::Tensor parameter;
    std::int64_t offset = 0;
  };

  /// Moves the supernet's parameters into the buffer and makes them require gradients.
  explicit FlatParameters(Supernet& supernet);

  [[nodiscard]] torch::Tensor& values() { return values_; }        ///< (P)
  [[nodiscard]] torch::Tensor& gradients() { return gradients_; }  ///< (P), summed into by backward
  /// What the ranks sum: the gradients, and behind them the step's scalars.
  [[nodiscard]] torch::Tensor& reduced() { return reduced_; }
  /// All of these, a view of (StepScalar::count): one look at them all waits for a device once.
  [[nodiscard]] torch::Tensor scalars() const;
  /// One of these scalars, a view of (1).
  [[nodiscard]] torch::Tensor scalar(StepScalar which) const;
  /// (P), 1 where weight decay acts: not on norms and biases.
  [[nodiscard]] const torch::Tensor& decayed() const { return decayed_; }
  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }  ///< in the order of the layers

 private:
  torch::Tensor values_, reduced_, gradients_, decayed_;
  std::vector<Part> parts_;
};

/// All values of the tensors as one vector. Those of Supernet::parameters() lie as in FlatParameters.
[[nodiscard]] torch::Tensor flattened(const std::vector<torch::Tensor>& tensors);
/// Copies such a vector back into the tensors.
void unflatten(const torch::Tensor& flat, const std::vector<torch::Tensor>& tensors);

}  // namespace harmonic
