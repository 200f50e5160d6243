#pragma once

#include <string>
#include <vector>

#include "core/hardware/lut.hpp"
#include "core/hardware/network_part.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"
#include "core/space/layers.hpp"

namespace harmonic {

struct CostPart {
  std::string key;
  Cost cost;
};

/// Table key of one layer of a backbone. Source: the published tables.
[[nodiscard]] std::string lut_key(const Layer& layer);
/// Table key of a whole Maxout backbone: "Maxout-input:300-hidden:128-blocks:2-factor:2-pool:4".
[[nodiscard]] std::string maxout_key(const BackboneSpace& space);
/// Table key of a fusion operator on (C channels, L positions): "LinearGLU-input:1_192_16-N:1-C:192-L:16".
[[nodiscard]] std::string fusion_key(const std::string& op, int channels, int positions);

/// The parts of a backbone's cost, in order of execution. `head_classes` is the classifier's row to use (the data's
/// number of classes, unless the table has another). In the published scope Maxout has one part: maxout_key.
/// @throws InputError when the table lacks a row; it ends with the command that makes it
[[nodiscard]] std::vector<CostPart> backbone_cost(const LookUpTable& table, const BackboneSpace& space,
                                                  const BackboneGenome& genome, int head_classes,
                                                  CostScope scope = CostScope::published);
/// The parts of a fusion network's cost: one row an operator. @throws InputError likewise
[[nodiscard]] std::vector<CostPart> fusion_cost(const LookUpTable& table, const std::vector<std::string>& operators,
                                                int channels = 192, int positions = 16);
/// The rows of parts. @throws InputError as LookUpTable::at()
[[nodiscard]] std::vector<CostPart> parts_cost(const LookUpTable& table, const std::vector<NetworkPart>& parts);
[[nodiscard]] Cost total(const std::vector<CostPart>& parts);

/// Every key that a search of the space may ask for.
[[nodiscard]] std::vector<std::string> space_keys(const BackboneSpace& space, int head_classes,
                                                  CostScope scope = CostScope::published);

}  // namespace harmonic
