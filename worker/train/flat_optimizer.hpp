#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "worker/train/flat_parameters.hpp"
#include "worker/train/training_settings.hpp"

namespace harmonic {

/// Adam or SGD with Nesterov momentum, each with decoupled weight decay, over one flat buffer. All it remembers is in
/// `moments()`, so that a training can be taken up again to the bit.
class FlatOptimizer {
 public:
  FlatOptimizer(const SupernetTrainingSettings& settings, FlatParameters& flat);

  /// Moves the parameters against their gradients. @param step from 0
  void update(std::int64_t step, double lr);

  /// adam: running means of the gradients and of their squares; sgd: the momentum. Each (P).
  [[nodiscard]] std::vector<torch::Tensor>& moments() { return moments_; }

 private:
  void adam(std::int64_t step, double lr);
  void sgd(double lr);

  const SupernetTrainingSettings& settings_;
  FlatParameters& flat_;
  std::vector<torch::Tensor> moments_;
};

}  // namespace harmonic
