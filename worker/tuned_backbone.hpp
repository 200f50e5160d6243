#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

#include "core/space/genome.hpp"
#include "worker/backbone/supernet.hpp"
#include "worker/data/sample_batches.hpp"
#include "worker/data/sample_source.hpp"
#include "worker/train/training_data.hpp"

namespace harmonic {

/// How a network that was read out of its supernet is trained on by itself.
struct TuningSettings {
  int epochs = 0;    ///< 1 or more
  double lr = 0.01;  ///< at first; cosine to 0
  int batch = 64;
};

/// A network that was trained on.
struct TunedBackbone {
  double metric_val = 0;             ///< percent, recalibrated
  std::vector<NamedTensor> tensors;  ///< of the stand-alone network, on the CPU
};

/// Trains one sub-network from the supernet's weights: SGD with momentum 0.9 and a little weight decay on train samples
/// varied as in supernet training, label smoothing 0.1; then recalibrates and validates it. The supernet stays as it
/// is. The result depends on the arguments alone.
/// @param calibration train samples that batch norms are re-estimated on
/// @param at_work called after every step with the share that is done; may throw to end it
/// @throws CandidateError when its numbers leave the finite ones, naming the genome; InputError for samples that do not
///   fit it
[[nodiscard]] TunedBackbone tune_backbone(const Supernet& supernet, const BackboneGenome& genome,
                                          const TrainingData& data, const SampleBatches& calibration,
                                          const TuningSettings& settings, std::uint64_t seed, torch::Device device,
                                          const std::function<void(double share)>& at_work);

}  // namespace harmonic
