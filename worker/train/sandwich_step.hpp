#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/base/ids.hpp"
#include "core/space/genome.hpp"
#include "worker/backbone/supernet.hpp"
#include "worker/data/augmentation.hpp"
#include "worker/group/collectives.hpp"
#include "worker/train/flat_parameters.hpp"
#include "worker/train/gradient_exchange.hpp"
#include "worker/train/training_batches.hpp"
#include "worker/train/training_data.hpp"
#include "worker/train/training_mode.hpp"
#include "worker/train/training_settings.hpp"

namespace harmonic {

/// The gradients of one step by the sandwich rule: the largest sub-network learns from the labels, the smallest and
/// some random ones from the labels and from the largest's predictions, all on the same batch; their gradients are
/// summed. The largest runs first, for its soft targets, and alone moves the running statistics. Every loss but the
/// last is gone through backwards at once, which frees its activations; while the last one's backward runs the ranks
/// begin to sum. Source: method.md; BigNAS (ECCV 2020) for the distillation.
class SandwichStep {
 public:
  /// @param flat of `supernet`, on `device`
  SandwichStep(const Supernet& supernet, FlatParameters& flat, const TrainingData& data,
               const SupernetTrainingSettings& settings, Collectives& group, torch::Device device);

  /// Adds to the flat gradients, and the sub-networks' losses to their scalars; all are sums over the ranks at the end.
  /// Collective. @param step, epoch key the random draws; @param next_ids samples of the step after, which are read
  ///   meanwhile where they lie in a file; undefined: no step comes after
  /// @throws RunError when a rank is missing or has given up
  void run(std::int64_t step, int epoch, const BatchShare& share, const torch::Tensor& next_ids);

  /// Seconds of waiting for gradients that backward did not hide.
  [[nodiscard]] double seconds_waited() const { return exchange_.seconds_waited(); }

 private:
  [[nodiscard]] torch::Tensor logits(const BackboneGenome& genome, const torch::Tensor& inputs, bool update_running,
                                     const TrainingMode::Drops& drops, std::int64_t batch);
  [[nodiscard]] std::vector<BackboneGenome> others(std::int64_t step) const;

  const Supernet& supernet_;
  FlatParameters& flat_;
  const SupernetTrainingSettings& settings_;
  Collectives& group_;
  GradientExchange exchange_;
  Seed seed_;
  torch::Device device_;
  SampleSource inputs_;   ///< of train, on the device
  torch::Tensor labels_;  ///< likewise
  torch::Tensor frames_;  ///< of the samples, where their augmentation asks (frames_of); on the CPU
  LabelKind kind_;
  Augmentation augmentation_;
  BackboneGenome largest_;
  int shortcuts_;  ///< of the largest
};

}  // namespace harmonic
