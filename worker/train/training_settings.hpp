#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/device_use.hpp"
#include "core/config/options.hpp"
#include "worker/data/augmentation.hpp"

namespace harmonic {

enum class Optimizer {
  adam,  ///< with decoupled weight decay
  sgd,   ///< with Nesterov momentum
};

/// Whether batch statistics are taken over all ranks.
enum class SyncBatchNorm {
  automatic,  ///< where a rank's share of a batch is small
  on,
  off,
};

/// How a supernet is trained. Source: method.md (sandwich rule); defaults tuned on AV-MNIST.
struct SupernetTrainingSettings {
  std::uint64_t seed = 1;
  int epochs = 80;
  int batch = 64;          ///< over all ranks
  int random_subnets = 3;  ///< a step, besides the largest and the smallest
  Optimizer optimizer = Optimizer::adam;
  double lr = 4e-3;      ///< peak, after the warm-up
  double lr_min = 1e-5;  ///< at the end of the cosine
  double warmup_epochs = 2;
  double momentum = 0.9;       ///< sgd
  double weight_decay = 1e-2;  ///< not on batch norms and biases
  double clip = 5.0;           ///< largest norm of the gradient; 0: no clipping
  double label_smoothing = 0.1;
  double dropout = 0.2;                      ///< of the largest sub-network, before its classifier
  double drop_connect = 0.2;                 ///< of the largest sub-network, at its last block; less at earlier ones
  double distillation = 0.5;                 ///< share of the largest's soft targets in the others' loss
  double ema = 0.98;                         ///< decay of the averaged weights, which are what is kept; 0: off
  std::optional<Augmentation> augmentation;  ///< none: usual_augmentation() of the space
  double augmentation_strength = 1.0;
  int validate_every = 5;          ///< epochs
  int calibration_samples = 1024;  ///< train samples for recalibration before validating, at most
  int calibration_batch = 256;
  SyncBatchNorm sync_batch_norm = SyncBatchNorm::automatic;
  Arithmetic arithmetic = Arithmetic::float32;  ///< of the steps; what they come to is validated in float32

  /// Binds every option under [supernet].
  void declare(OptionSet& options);
  /// Every option's name and value.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> values() const;
};

/// Whether batch norms take their statistics over all ranks' shares. @param batch samples over all ranks
[[nodiscard]] bool synchronises_batch_norms(const SupernetTrainingSettings& settings, std::int64_t batch, int ranks);

/// Learning rate at a step: linear warm-up from 0, then a cosine down to lr_min.
[[nodiscard]] double learning_rate(const SupernetTrainingSettings& settings, std::int64_t step,
                                   std::int64_t steps_an_epoch);

}  // namespace harmonic
