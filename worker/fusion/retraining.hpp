#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "core/space/genotype.hpp"
#include "worker/fusion/fusion_epoch.hpp"
#include "worker/fusion/fusion_hooks.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {

/// A discrete network after training.
struct TrainedFusion {
  double metric_val = 0;       ///< percent, judged by samples that did not choose the epoch (EpochChoice)
  double kept_metric_val = 0;  ///< percent, of the kept weights on all of val: chosen by it, so biased upwards
  double kept_loss_val = 0;
  std::map<std::string, torch::Tensor> weights;  ///< of that epoch, DerivedNetwork::tensors
  std::vector<FusionEpoch> epochs;               ///< all that were run
};

/// Trains a genotype's discrete network from scratch on train, and stops when the validation metric has not risen for
/// `retrain-patience` epochs. Of epochs with the same metric the one with the lowest validation loss is kept. The
/// reported metric is unbiased by that choice (EpochChoice).
/// The result depends on the arguments alone: on one thread it is the same bit for bit. Seeds LibTorch's generator.
/// @throws InputError for a genotype that does not fit the samples; NotFinite when the training diverges; Cancelled
[[nodiscard]] TrainedFusion retrain_fusion(const FusionSamples& samples, const Genotype& genotype,
                                           const FusionSettings& settings, std::uint64_t seed,
                                           const FusionHooks& hooks = {});

/// The same from several seeds side by side, in lanes (lanes.hpp), until the last has stopped. Each is what it is
/// alone, but for rounding and for its dropout masks. On a CPU one after another is faster.
/// @param seeds one or more @return [seed] @throws as above, the lane of NotFinite the seed's
[[nodiscard]] std::vector<TrainedFusion> retrain_in_lanes(const FusionSamples& samples, const Genotype& genotype,
                                                          const FusionSettings& settings,
                                                          std::span<const std::uint64_t> seeds,
                                                          const FusionHooks& hooks = {});

/// Seed of a retraining of what a fusion search found. @param search the search's own @param repeat from 0
[[nodiscard]] std::uint64_t retraining_seed(std::uint64_t search, int repeat);

/// Logits (rows, classes) of a trained discrete network on other samples, without gradients; otherwise as
/// evaluate_model().
[[nodiscard]] torch::Tensor predict_model(const std::map<std::string, torch::Tensor>& weights, const Genotype& genotype,
                                          const Samples& samples, const FusionSettings& settings);

/// Metric (percent) of a trained discrete network on other samples, e.g. the test split's.
/// @throws InputError when weights, genotype and samples do not belong together; NotFinite when its logits are no
/// numbers
[[nodiscard]] double evaluate_model(const std::map<std::string, torch::Tensor>& weights, const Genotype& genotype,
                                    const Samples& samples, const FusionSettings& settings);

}  // namespace harmonic
