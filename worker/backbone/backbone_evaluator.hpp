#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <vector>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"
#include "core/space/genome.hpp"
#include "worker/backbone/subnet_tree.hpp"
#include "worker/backbone/supernet.hpp"
#include "worker/data/bounded_cache.hpp"
#include "worker/data/sample_batches.hpp"

namespace harmonic {

/// What the backbones of a model give to fusion for one split, all modalities one after another.
struct BackboneOutputs {
  std::vector<torch::Tensor> features, logits;

  /// @param own of one modality and split, as BackboneEvaluator::features gives them
  void add(const std::vector<torch::Tensor>& own) {
    features.insert(features.end(), own.begin(), own.end() - 1);
    logits.push_back(own.back());
  }
};

/// A modality's supernet together with the training samples that its sub-networks are recalibrated on, which is done
/// once a genome as long as its statistics are kept. Answers depend on the genome alone, not on what else is asked
/// along with it, or was before. For use by one thread.
class BackboneEvaluator {
 public:
  /// @param calibration (N, C, H, W) or (N, F) train samples
  /// @param calibration_batch samples of a recalibration batch
  /// @throws InputError when the samples do not fit the supernet's input
  BackboneEvaluator(const Supernet& supernet, const torch::Tensor& calibration, int calibration_batch,
                    torch::Device device);
  /// The same of batches of them.
  /// @param kept_bytes statistics kept for the next question, at most; the least recently used go first, the last stay
  /// @param arithmetic of recalibration and of what is asked then
  BackboneEvaluator(const Supernet& supernet, const SampleBatches& batches, torch::Device device,
                    std::size_t kept_bytes = 0, Arithmetic arithmetic = Arithmetic::float32);

  [[nodiscard]] const Supernet& supernet() const { return views_.supernet(); }

  /// Metric in percent of every genome, in the given order: recalibrated, then measured on (inputs, labels).
  /// Genomes with common prefixes cost less together.
  /// @param labels (N) class indices, or (N, classes) 0/1
  /// @param at_work called now and then, every few layers
  /// @throws InputError when a genome is not of the space, or there are no inputs; CandidateError when predictions are
  ///   not finite, naming the genome: NaN has no metric, though an argmax gives it one
  [[nodiscard]] std::vector<double> evaluate(
      const std::vector<BackboneGenome>& genomes, const SampleSource& inputs, const torch::Tensor& labels,
      LabelKind kind, const std::function<void()>& at_work = [] {}) const;

  /// What a recalibrated sub-network gives to fusion, for all inputs (splits), float32 on the CPU: element
  /// [split][i] is feature offered[i], pooled to (N, C, side * side); a vector feature (N, F) gives (N, F, 1); the last
  /// element of a split is the logits, (N, classes).
  /// @param offered indices among the sub-network's features, ascending (offered_features())
  /// @param memory_bytes that features may take; where they are more, they lie in a file (scratch_tensor)
  [[nodiscard]] std::vector<std::vector<torch::Tensor>> features(
      const BackboneGenome& genome, const std::vector<SampleSource>& inputs, const std::vector<int>& offered, int side,
      std::size_t memory_bytes = std::numeric_limits<std::size_t>::max()) const;

  /// The recalibrated sub-network itself, to run or to export.
  [[nodiscard]] Subnet subnet(const BackboneGenome& genome) const;
  /// Its tensors under their published names, on the CPU, none shared with the supernet.
  [[nodiscard]] std::vector<NamedTensor> subnet_state(const BackboneGenome& genome) const;

 private:
  /// Sub-networks with their statistics, in the given order. @throws InputError when a genome is not of the space
  [[nodiscard]] std::vector<Subnet> recalibrated(const std::vector<BackboneGenome>& genomes,
                                                 const std::function<void()>& at_work) const;

  torch::Device device_;
  Arithmetic arithmetic_;
  mutable LayerViews views_;  ///< grows as sub-networks ask for layers
  SampleBatches batches_;
  mutable BoundedCache<Subnet> kept_;  ///< by canonical genome
};

/// @throws InputError when samples of this shape cannot enter the supernet: channels, side or length differ
void check_input(const BackboneSpace& space, const SampleSource& samples);

/// @param logits of `genome`, on the CPU
/// @throws CandidateError naming the genome when they are not finite
void check_predictions(const torch::Tensor& logits, const BackboneSpace& space, const BackboneGenome& genome);

/// A feature as fusion takes it: adaptive max-pool of a map to side x side, flattened; a vector as one position.
[[nodiscard]] torch::Tensor pooled_feature(const torch::Tensor& feature, int side);

}  // namespace harmonic
