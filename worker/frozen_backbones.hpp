#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <torch/types.h>

#include "core/config/search_settings.hpp"
#include "core/data/dataset_file.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/data/dataset.hpp"
#include "worker/data/feature_cache.hpp"
#include "worker/data/views.hpp"
#include "worker/fusion/samples.hpp"
#include "worker/tuned_backbone.hpp"

namespace harmonic {

/// The backbones of a run, frozen: every modality's trained supernet, the inputs that it sees, and what fusion learns
/// from: their features, as samples on the device. Views of inputs (`train-views`, `validation-views`) are the same for
/// every genome and on every rank. A backbone is recalibrated once by each process that asks for it: what metric,
/// features and kept tensors have in common stays at hand. For use by one thread.
class FrozenBackbones {
 public:
  /// Opens data and weights. @param ranks of this machine, which hold the samples together
  /// @throws InputError when data, weights and settings do not fit each other
  FrozenBackbones(const SearchSettings& settings, torch::Device device, int ranks);

  [[nodiscard]] std::size_t modalities() const { return modalities_.size(); }
  [[nodiscard]] const ModalitySpec& spec(std::size_t modality) const { return modalities_.at(modality).spec; }
  /// [modality] how many features it offers to fusion.
  [[nodiscard]] std::vector<int> features_offered() const;
  [[nodiscard]] const DatasetInfo& data() const { return data_->info(); }

  /// Metric in percent of each genome alone: of val over all views, of another split, opened when it is first asked
  /// for, plain.
  [[nodiscard]] std::vector<double> evaluate(std::size_t modality, const std::vector<BackboneGenome>& genomes,
                                             Split split = Split::val);
  /// Training and validation samples of all modalities, in all views. Their features are computed once for a
  /// (modality, genome) and kept. @throws NotFinite when a backbone gives features that are no numbers
  [[nodiscard]] FusionSamples fusion_samples(const MultimodalGenome& genome);
  /// Plain samples of one split, opened when it is first asked for: the test split plays no part before. Their features
  /// are computed once for a (modality, genome, split) and kept. @throws NotFinite
  [[nodiscard]] Samples samples(const MultimodalGenome& genome, Split split);
  /// A sub-network trained on by itself, validated over all views; of the samples in their first view it learns.
  /// @throws as tune_backbone
  [[nodiscard]] TunedBackbone tuned(std::size_t modality, const BackboneGenome& genome, const TuningSettings& settings,
                                    std::uint64_t seed, const std::function<void(double share)>& at_work);
  /// A recalibrated sub-network's tensors, on the CPU.
  [[nodiscard]] std::vector<NamedTensor> subnet_state(std::size_t modality, const BackboneGenome& genome) const;

 private:
  struct Modality {
    ModalitySpec spec;
    int features_offered;
    BackboneEvaluator backbones;
    SampleBatches calibration;
    SampleSource train, val;                                ///< inputs, in all views
    std::array<std::optional<SampleSource>, 3> plain = {};  ///< of splits that were asked for
  };
  [[nodiscard]] Labels labels(Split split, int views) const;
  [[nodiscard]] int positions() const { return fusion_.side * fusion_.side; }
  [[nodiscard]] FeatureCache::Features compute(const Modality& modality, const BackboneGenome& genome,
                                               const std::vector<SampleSource>& inputs) const;
  const SampleSource& plain(Modality& modality, Split split);

  std::shared_ptr<const DatasetFile> data_;
  DataMemory memory_;
  torch::Device device_;
  FusionSettings fusion_;
  std::vector<Modality> modalities_;
  Labels train_labels_, val_labels_;
  FeatureCache cache_;
};

}  // namespace harmonic
