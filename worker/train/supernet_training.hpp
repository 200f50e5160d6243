#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <torch/types.h>

#include "core/config/options.hpp"
#include "core/data/dataset_file.hpp"
#include "worker/backbone/supernet.hpp"
#include "worker/group/collectives.hpp"

namespace harmonic {

/// How a supernet is trained. Source: method.md (sandwich rule); defaults tuned on AV-MNIST.
struct SupernetTrainingSettings {
  std::uint64_t seed = 1;
  int epochs = 40;
  int batch = 64;                  ///< over all ranks
  int random_subnets = 2;          ///< a step, besides the largest and the smallest
  std::string optimizer = "adam";  ///< adam (decoupled weight decay) | sgd (Nesterov)
  double lr = 4e-3;                ///< peak, after the warm-up
  double lr_min = 1e-5;            ///< at the end of the cosine
  double warmup_epochs = 2;
  double momentum = 0.9;       ///< sgd
  double weight_decay = 1e-2;  ///< not on batch norms and biases
  double clip = 5.0;           ///< largest norm of the gradient; 0: no clipping
  double label_smoothing = 0.1;
  double dropout = 0.2;       ///< of the largest sub-network, before its classifier
  double drop_connect = 0.2;  ///< of the largest sub-network, at its last block; less at earlier ones
  double distillation = 0.5;  ///< share of the largest's soft targets in the others' loss
  double ema = 0.98;          ///< decay of the averaged weights, which are what is kept; 0: off
  std::string augmentation = "auto";
  double augmentation_strength = 1.0;
  int validate_every = 5;          ///< epochs
  int calibration_samples = 1024;  ///< train samples for recalibration before validating, at most
  int calibration_batch = 256;
  std::string sync_batch_norm = "auto";  ///< auto (when a rank's share is under 64) | on | off

  /// Binds every option under [supernet].
  void declare(OptionSet& options);
};

/// A modality's train and validation split. Supernets see no test sample.
struct TrainingData {
  torch::Tensor train_inputs, train_labels;
  torch::Tensor val_inputs, val_labels;
  LabelKind kind = LabelKind::classification;
};

/// One line of progress.
struct TrainingProgress {
  int epoch = 0;  ///< done, from 1
  int epochs = 0;
  double loss = 0;             ///< of the largest, mean over the epoch
  double seconds = 0;          ///< since the start
  double largest_percent = 0;  ///< validation, recalibrated; of the last time it was measured
  double smallest_percent = 0;
};

struct TrainedSupernet {
  Supernet supernet;  ///< of the best epoch, on the CPU
  int best_epoch = 0;
  double largest_percent = 0;  ///< validation metric, recalibrated
  double smallest_percent = 0;
  double seconds = 0;
};

/// Trains by the sandwich rule: every step the largest, the smallest and some random sub-networks on the same batch,
/// gradients summed. Data-parallel: all ranks of `group` call it with the same arguments; each takes its contiguous
/// share of every batch. All random draws are keyed by seed, step and sample: ranks change results by rounding only.
/// The best epoch by the mean validation metric of largest and smallest, recalibrated, is kept (measured on rank 0,
/// whose result is the one to use).
/// @throws InputError when the data do not fit the space or a split is empty
[[nodiscard]] TrainedSupernet train_supernet(const Supernet& initial, const TrainingData& data,
                                             const SupernetTrainingSettings& settings, Collectives& group,
                                             torch::Device device,
                                             const std::function<void(const TrainingProgress&)>& report);

/// Learning rate at a step: linear warm-up from 0, then a cosine down to lr_min.
[[nodiscard]] double learning_rate(const SupernetTrainingSettings& settings, std::int64_t step,
                                   std::int64_t steps_an_epoch);

}  // namespace harmonic
