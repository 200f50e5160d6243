#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/statistics.hpp"
#include "core/config/search_settings.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"
#include "worker/fusion/fusion_epoch.hpp"
#include "worker/fusion/fusion_hooks.hpp"
#include "worker/fusion/hardware_loss.hpp"
#include "worker/fusion/samples.hpp"
#include "worker/fusion/trials.hpp"

namespace harmonic {

struct FusionResult {
  Genotype genotype;
  std::vector<Trial> trials;  ///< what was tried before it went on
  double metric_val = 0;  ///< of the retrained discrete network, percent: mean over the retrainings of what validation
                          ///< samples say that did not choose the epoch
  double kept_metric_val = -1;                   ///< of the kept weights on all of val, percent
  std::map<std::string, torch::Tensor> weights;  ///< of the best of the retrainings, DerivedNetwork::tensors
  std::vector<FusionEpoch> epochs;               ///< of the mixed network, all that were run
  std::vector<FusionEpoch> retraining;           ///< likewise of the discrete one, in the training of the kept weights
  double operator_entropy = 1;                   ///< Architecture::operator_entropy at the end: 0 decided, 1 undecided
  std::vector<float> architecture;               ///< Architecture::values at the end
};

/// One fusion search of several that train in one batched pass.
struct FusionJob {
  const FusionSamples& samples;
  std::uint64_t seed = 0;
  /// Architecture parameters to start from: FusionResult::architecture of a search with as many inputs and the same
  /// macro-architecture; empty: random_architecture.
  std::span<const float> start = {};
};

/// Differentiable search for a fusion network, honest protocol (method.md): weights are stepped on train batches, the
/// architecture on batches of the validation samples, or of held-out training samples (architecture_split), with task
/// loss + latency-weight * latency + energy-weight * energy (both normalised, hardware_loss); of the
/// likeliest discrete networks the one that is best in short trials (trials.hpp) is trained from scratch
/// (retraining.hpp), and that is the result. The hardware terms enter as they are, not
/// under square roots: their pull does not grow without bound near 0. The result depends on the arguments alone: on one
/// thread it is the same bit for bit. Seeds LibTorch's generator. Goes one way: samples -> mixed network ->
/// genotypes -> trials -> retraining -> result.
/// @param start as in FusionJob
/// @throws InputError for an impossible fusion; NotFinite when a training diverges; Cancelled
[[nodiscard]] FusionResult search_fusion(const FusionSamples& samples, MacroArchitecture macro,
                                         const FusionSettings& settings, const OperatorCosts& costs, std::uint64_t seed,
                                         const FusionHooks& hooks = {}, std::span<const float> start = {});

/// The same for several pairs of one macro-architecture, whose mixed networks train side by side, in lanes (lanes.hpp);
/// their discrete networks are retrained one after another. Each search is what it is alone, but for rounding and for
/// its dropout masks.
/// @param jobs one or more, of the same data set: as many inputs, the same labels
/// @return [job]
/// @throws InputError as above, or for jobs that do not go together; NotFinite, whose lane is the job that diverged,
/// for all of them; Cancelled
[[nodiscard]] std::vector<FusionResult> search_fusions(std::span<const FusionJob> jobs, MacroArchitecture macro,
                                                       const FusionSettings& settings, const OperatorCosts& costs,
                                                       const FusionHooks& hooks = {});

/// What the published code reports of a fusion search: of the mixed network, at its best epoch on test.
struct PublishedResult {
  Genotype genotype;        ///< as of that epoch; never trained
  double metric_test = -1;  ///< percent
  double metric_val = 0;    ///< percent
  std::vector<FusionEpoch> epochs;
  double operator_entropy = 1;                 ///< at the end
  std::optional<Interval> test_interval = {};  ///< drawn_interval of metric_test
};

/// The same search by the published protocol, for comparison with published numbers alone: the architecture is stepped
/// on the test split, the hardware terms stand in the loss of the weights, the best test epoch is what counts
/// (method.md). Learning rates are the published ones (published_values), whatever the settings say.
/// @throws as search_fusion
[[nodiscard]] PublishedResult search_fusion_published(const FusionSamples& samples, const Samples& test,
                                                      MacroArchitecture macro, const FusionSettings& settings,
                                                      const OperatorCosts& costs, std::uint64_t seed,
                                                      const FusionHooks& hooks = {});

}  // namespace harmonic
