#pragma once

#include <vector>

#include <torch/types.h>

namespace harmonic {

/// Adam (arXiv 1412.6980) with weight decay as part of the gradient, as the published code has it, on all parameters in
/// one kernel: a fusion network has dozens of small ones, and the library's optimiser, which takes them one by one,
/// costs as much as their gradients. For parameters on one device.
class FusedAdam {
 public:
  struct Options {
    double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, weight_decay = 0, epsilon = 1e-8;
  };

  /// @param parameters leaves of the graph, float32; stepped in place
  FusedAdam(std::vector<torch::Tensor> parameters, Options options);

  void set_learning_rate(double rate) { options_.lr = rate; }
  void zero_grad();
  /// Parameters that have no gradient stay as they are.
  void step();

 private:
  Options options_;
  std::vector<torch::Tensor> parameters_, means_, squares_;
  torch::Tensor steps_;  ///< (1), of all parameters
};

}  // namespace harmonic
