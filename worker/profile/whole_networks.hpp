#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/hardware/network_parts.hpp"
#include "worker/profile/latency_timer.hpp"
#include "worker/profile/untrained_networks.hpp"

namespace harmonic {

/// A network that is measured end to end, to be compared with the sum of its parts.
struct WholeNetwork {
  std::string group;        ///< its space's name, or "multimodal": networks of a kind are ranked among each other
  std::string name;         ///< its genomes, and its genotype
  int modality = -1;        ///< of a backbone alone
  MultimodalGenome genome;  ///< of a backbone alone, that of its modality
  std::optional<Genotype> genotype;  ///< of a multimodal one
};

/// Networks drawn at random, the same for the same seed: `subnets` backbones in all, dealt over the spaces that have
/// genes, and `models` multimodal ones, of up to three cells and two operators each.
/// @param sizing spaces one a modality; a model wants two @param operators of fusion
[[nodiscard]] std::vector<WholeNetwork> draw_networks(const ModelSizing& sizing, int subnets, int models,
                                                      const std::vector<std::string>& operators, std::uint64_t seed);

/// What tables have rows for of it; in the published scope a multimodal one's backbones and operators.
[[nodiscard]] std::vector<NetworkPart> parts_of(const WholeNetwork& network, const ModelSizing& sizing,
                                                CostScope scope);
[[nodiscard]] NetworkGraph graph_of(const WholeNetwork& network, const UntrainedNetworks& networks);

/// Measures networks end to end, in turn, `rounds` times each. @return ms of each, the median of its visits
/// @param progress called before every round with the share that is done
/// @throws RunError when the machine was too busy for one of them
[[nodiscard]] std::vector<double> measure_networks(const std::vector<NetworkGraph>& networks,
                                                   const RunConditions& conditions, int rounds,
                                                   const std::function<void(double)>& progress);

}  // namespace harmonic
