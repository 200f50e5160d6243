#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/storage/conditions.hpp"

namespace harmonic {

/// All that a training remembers from one step to the next. Random draws are keyed by step and sample: of them the step
/// says all.
struct TrainingState {
  std::int64_t step = 0;                      ///< done
  double loss = 0;                            ///< of the largest, summed over the steps of the epoch under way
  double loss_smallest = 0, loss_random = 0;  ///< likewise; 0 in states of before they were noted
  double last_loss = 0;                       ///< mean over the last epoch that is done
  double seconds = 0;
  double largest_percent = 0, smallest_percent = 0;  ///< of the last validation
  int best_epoch = 0;                                ///< 0: none validated yet
  double best_largest_percent = -1, best_smallest_percent = -1;
  torch::Tensor values, average;       ///< (P) parameters and their moving average
  std::vector<torch::Tensor> moments;  ///< of the optimiser, each (P)
  torch::Tensor buffers;               ///< running statistics, flattened
  torch::Tensor best;                  ///< of the best epoch: average, then buffers; empty before the first
};

/// Where a training began, noted in its state.
struct TrainingSource {
  std::string modality = {};  ///< of the data set
  std::string init = {};      ///< file of the first weights, an absolute path; empty: fresh ones
};

/// Replaces `path` as a whole, and keeps what was there as its previous_version. Tensors may be on any device.
/// @throws RunError
void save_training_state(const std::filesystem::path& path, const TrainingState& state, const Conditions& conditions,
                         const TrainingSource& source = {});

/// How much a state holds.
struct StateSizes {
  std::int64_t parameters = 0;  ///< P
  std::int64_t buffers = 0;     ///< values of all running statistics
  std::size_t moments = 0;      ///< tensors of the optimiser
};

/// The file's state, tensors on the CPU. Where it is damaged, that before takes its place, with a warning.
/// @throws InputError when neither can be used, with the reason; the file cannot be read, is of another version,
/// belongs
///   to other conditions, which are named, or has a tensor of another size than the training
[[nodiscard]] TrainingState load_training_state(const std::filesystem::path& path, const Conditions& conditions,
                                                const StateSizes& sizes);

/// What a training was begun with.
struct RecordedTraining {
  Conditions conditions;
  TrainingSource source;  ///< empty in states of before it was noted
};
/// That of the file's state, or of the one before where that is damaged; nothing where neither can be read.
[[nodiscard]] std::optional<RecordedTraining> recorded_training(const std::filesystem::path& path);

}  // namespace harmonic
