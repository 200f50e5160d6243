#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/hardware/kernels.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"

namespace harmonic {

/// The size of a network, which follows from its layers alone.
struct ModelSize {
  double parameters = 0;  ///< numbers that are learned: weights, biases, scale and shift of norms
  double macs = 0;        ///< multiply-adds of convolutions, linear layers and matrix products for one sample

  ModelSize& operator+=(const ModelSize& other) {
    parameters += other.parameters;
    macs += other.macs;
    return *this;
  }
  bool operator==(const ModelSize&) const = default;
};

/// A size as CSVs, JSON and reports name it. A new one is a row here, and where it is computed: size_of.
struct SizeMeasure {
  std::string_view name;         ///< "macs": of the objective, and of its column in CSVs
  std::string_view in_millions;  ///< "M MACs": in tables for people
  double ModelSize::*value;
};
inline constexpr std::array kSizeMeasures = {
    SizeMeasure{"parameters", "M params", &ModelSize::parameters},
    SizeMeasure{"macs", "M MACs", &ModelSize::macs},
};

[[nodiscard]] ModelSize size_of(const std::vector<Kernel>& kernels);

/// A whole sub-network with its classifier, as its latency and energy are of the whole.
[[nodiscard]] ModelSize backbone_size(const BackboneSpace& space, const BackboneGenome& genome, int classes);

/// A feature that a backbone offers to fusion.
struct FusionInput {
  int channels = 0;
  bool vector = false;  ///< it has one position, and is repeated after it was reshaped
  int side = 0;         ///< of the map, pixels; 0 of a vector
};

/// What a sub-network returns without its logits: of first conv, first block, and every active block or Maxout layer.
[[nodiscard]] std::vector<FusionInput> returned_features(const BackboneSpace& space, const BackboneGenome& genome);

/// What a sub-network offers, in the order of offered_features. @throws InputError when it has fewer than `count`
[[nodiscard]] std::vector<FusionInput> fusion_inputs(const BackboneSpace& space, const BackboneGenome& genome,
                                                     int count);

/// The discrete fusion network of a genotype: the reshaping of every input that it reads, its cells and its head.
/// @param inputs of all modalities, in order @param backbones whose logits the head adds
[[nodiscard]] ModelSize fusion_size(const Genotype& genotype, const std::vector<FusionInput>& inputs, int classes,
                                    int channels, int positions, int backbones = 0);
/// Late fusion. @param last feature that each backbone offers
[[nodiscard]] ModelSize late_fusion_size(LateFusion late, const std::vector<FusionInput>& last, int classes,
                                         int positions);

/// What sizes of the multimodal models of a run depend on beside genome and genotype.
struct ModelSizing {
  std::vector<BackboneSpace> spaces;  ///< one a modality
  std::vector<int> features;          ///< that each modality offers to fusion
  int classes = 0;                    ///< of the data
  int channels = 192, positions = 16;
  bool backbone_logits = false;  ///< fusion networks add the backbones' logits to their own

  struct Inputs {
    std::vector<FusionInput> all;   ///< that are offered, modality by modality
    std::vector<FusionInput> last;  ///< of each modality
  };
  [[nodiscard]] Inputs inputs(const MultimodalGenome& genome) const;
  /// Backbones cut to their genomes, and the fusion network.
  [[nodiscard]] ModelSize operator()(const MultimodalGenome& genome, const Genotype& genotype) const;
};

}  // namespace harmonic
