#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"
#include "worker/fusion/hardware_loss.hpp"

namespace harmonic {

/// What a fusion search learns from: features of frozen backbones, computed once. The test split is not among it.
/// A split may come in several views, varied copies of every sample (add_views): its N rows are then all samples of the
/// first view, all of the second, and so on. An epoch of training sees every sample once, in a view drawn at random;
/// the validation metric is over all views.
struct FusionData {
  std::vector<torch::Tensor> train, val;   ///< [input], all modalities one after another: (N, C_i, L) pooled maps, as
                                           ///< pooled_feature gives them, or (N, F, 1) vectors; float32
  torch::Tensor train_labels, val_labels;  ///< (N) int64 classes, or (N, classes) float32 of 0 and 1
  int train_views = 1, val_views = 1;      ///< divide N
  LabelKind kind = LabelKind::classification;
  int classes = 0;
};

/// A discrete network after training.
struct TrainedFusion {
  double metric_val = 0;       ///< percent, judged by samples that did not choose the epoch (EpochChoice)
  double kept_metric_val = 0;  ///< percent, of the kept weights on all of val: chosen by it, so biased upwards
  double kept_loss_val = 0;
  std::map<std::string, torch::Tensor> weights;  ///< of that epoch, DerivedNetwork::tensors
  std::vector<double> losses;                    ///< mean training loss of every epoch
};

struct FusionResult {
  Genotype genotype;
  double metric_val = 0;  ///< of the retrained discrete network, percent: mean over the retrainings of what validation
                          ///< samples say that did not choose the epoch
  double kept_metric_val = -1;                   ///< of the kept weights on all of val, percent
  std::map<std::string, torch::Tensor> weights;  ///< of the best of the retrainings, DerivedNetwork::tensors
  std::vector<double> losses;                    ///< mean training loss of the mixed network in every epoch
  double operator_entropy = 1;                   ///< Architecture::operator_entropy at the end: 0 decided, 1 undecided
  std::vector<float> architecture;               ///< Architecture::values at the end
};

/// The search was asked to stop before its end.
class FusionStopped : public RunError {
 public:
  FusionStopped() : RunError("the fusion search was stopped on request") {}
};

struct FusionProgress {
  bool retraining = false;
  int epoch = 0;  ///< finished, of
  int epochs = 0;
  double loss = 0;        ///< mean training loss of the epoch
  double metric_val = 0;  ///< retraining only, percent
};

/// Called from time to time; both may be empty.
struct FusionHooks {
  std::function<bool()> stop_requested;
  std::function<void(const FusionProgress&)> progress;
};

/// Differentiable search for a fusion network, honest protocol (method.md): weights are stepped on train batches, the
/// architecture on validation batches with task loss + latency-weight * latency + energy-weight * energy (both
/// normalised, hardware_loss); the discrete network is derived, trained from scratch (retrain_fusion), and that is the
/// result. The hardware terms enter as they are, not under square roots: their pull does not grow without bound near 0.
/// The result depends on the arguments alone: on one thread it is the same bit for bit. Seeds LibTorch's generator.
/// @param start architecture parameters to start from: FusionResult::architecture of a search with as many inputs and
///   the same macro-architecture; empty: random_architecture
/// @throws InputError for data that do not fit together, or an impossible fusion; FusionStopped
[[nodiscard]] FusionResult search_fusion(const FusionData& data, MacroArchitecture macro,
                                         const FusionSettings& settings, const OperatorCosts& costs, std::uint64_t seed,
                                         torch::Device device, const FusionHooks& hooks = {},
                                         std::span<const float> start = {});

/// What the published code reports of a fusion search: of the mixed network, at its best epoch on test.
struct PublishedResult {
  Genotype genotype;            ///< as of that epoch; never trained
  double metric_test = -1;      ///< percent
  double metric_val = 0;        ///< percent
  std::vector<double> losses;   ///< mean training loss of every epoch
  double operator_entropy = 1;  ///< at the end
};

/// The same search by the published protocol, for comparison with published numbers alone: the architecture is stepped
/// on the test split, the hardware terms stand in the loss of the weights, the best test epoch is what counts
/// (method.md). Learning rates are the published ones (published_values), whatever the settings say.
/// @param test, test_labels features of the test split, as FusionData's
[[nodiscard]] PublishedResult search_fusion_published(const FusionData& data, const std::vector<torch::Tensor>& test,
                                                      const torch::Tensor& test_labels, MacroArchitecture macro,
                                                      const FusionSettings& settings, const OperatorCosts& costs,
                                                      std::uint64_t seed, torch::Device device,
                                                      const FusionHooks& hooks = {});

/// Trains a genotype's discrete network from scratch on train, and stops when the validation metric has not risen for
/// `retrain-patience` epochs. Of epochs with the same metric the one with the lowest validation loss is kept. The
/// reported metric is unbiased by that choice (EpochChoice).
/// @throws InputError, FusionStopped
[[nodiscard]] TrainedFusion retrain_fusion(const FusionData& data, const Genotype& genotype,
                                           const FusionSettings& settings, std::uint64_t seed, torch::Device device,
                                           const FusionHooks& hooks = {});

/// Metric (percent) of a trained discrete network on other features, e.g. the test split's.
/// @throws InputError when weights, genotype and features do not belong together
[[nodiscard]] double evaluate_model(const std::map<std::string, torch::Tensor>& weights, const Genotype& genotype,
                                    const std::vector<torch::Tensor>& features, const torch::Tensor& labels,
                                    LabelKind kind, int classes, const FusionSettings& settings);

}  // namespace harmonic
