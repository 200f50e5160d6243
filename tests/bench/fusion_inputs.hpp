#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/options.hpp"
#include "worker/backbone/backbone_evaluator.hpp"
#include "worker/fusion/fusion_search.hpp"

namespace harmonic::bench {

/// Where the fusion benchmarks take data and backbones from: AV-MNIST with trained supernets, or, where no data set is
/// named, drawn samples of the same shapes and untrained supernets (same cost, less to learn).
struct InputOptions {
  std::string data, image, audio;  ///< data set file, supernet files
  int threads = 1;
  std::uint64_t seed = 1;

  void declare(OptionSet& options);
};

/// Image and audio, in this order.
struct FusionInputs {
  struct Modality {
    BackboneEvaluator backbones;
    torch::Tensor train, val;  ///< (N, 1, H, W)
  };
  std::vector<Modality> modalities;
  torch::Tensor train_labels, val_labels;
  int classes = 0;
};
[[nodiscard]] FusionInputs load_inputs(const InputOptions& options);

/// What a worker makes of a pair of backbones: samples of their pooled features.
/// @param features maps offered by each modality
[[nodiscard]] FusionSamples fusion_samples(const FusionInputs& inputs, const std::vector<BackboneGenome>& genomes,
                                           int features, int side, torch::Device device = torch::kCPU);

}  // namespace harmonic::bench
