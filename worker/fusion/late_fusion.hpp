#pragma once

#include <map>
#include <string>

#include <torch/types.h>

#include "core/space/late_fusion.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {

/// A late fusion after training.
struct TrainedLateFusion {
  double metric_val = 0;  ///< percent, over all views; put together as a network's is (EpochChoice)
  std::map<std::string, torch::Tensor> weights;  ///< late.temperatures (backbones), or late.weight (classes, numbers)
                                                 ///< and late.bias (classes); on the CPU
};

/// late.temperatures of a sum, all 1.
[[nodiscard]] std::map<std::string, torch::Tensor> plain_late_sum(std::size_t backbones);
/// The same, fitted on such samples; their features play no part.
[[nodiscard]] std::map<std::string, torch::Tensor> fit_late_sum(const Samples& samples);

/// Trains late fusion of frozen backbones. A sum's temperatures, one a backbone, are fitted on the validation samples;
/// linear layers learn from the training samples, with a little weight decay on inputs of unit variance. The losses are
/// convex and no random number plays a part: it takes one training, and that is the same everywhere.
/// @param late not none @throws NotFinite
[[nodiscard]] TrainedLateFusion train_late_fusion(const FusionSamples& samples, LateFusion late);

/// Logits (rows, classes) of a trained late fusion, without gradients; otherwise as evaluate_late_fusion().
[[nodiscard]] torch::Tensor predict_late_fusion(const std::map<std::string, torch::Tensor>& weights, LateFusion late,
                                                const Samples& samples, const std::vector<int>& modalities);

/// Metric (percent) of a trained late fusion on other samples, e.g. the test split's.
/// @param modalities [modality] how many of the inputs are its own
/// @throws InputError when weights, kind and samples do not belong together; NotFinite when its logits are no numbers
[[nodiscard]] double evaluate_late_fusion(const std::map<std::string, torch::Tensor>& weights, LateFusion late,
                                          const Samples& samples, const std::vector<int>& modalities);

}  // namespace harmonic
