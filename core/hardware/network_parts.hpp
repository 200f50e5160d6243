#pragma once

#include <string>
#include <vector>

#include "core/hardware/model_size.hpp"
#include "core/hardware/network_part.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"

namespace harmonic {

/// The parts of a backbone, in order of execution; its cost is the sum of their rows.
/// @param head_classes the classifier's row: the data's number of classes, unless the table has another
[[nodiscard]] std::vector<NetworkPart> backbone_parts(const BackboneSpace& space, const BackboneGenome& genome,
                                                      int head_classes, CostScope scope);

/// The parts of the fusion network of a genotype, with all that published tables leave out: of cells, the reshaping of
/// every input that is read, operators, norms, head, and the backbones' logits where they are added; or of a late
/// fusion.
[[nodiscard]] std::vector<NetworkPart> fusion_parts(const ModelSizing& sizing, const MultimodalGenome& genome,
                                                    const Genotype& genotype);

/// The same of given features. @param all that are offered @param last of each modality
[[nodiscard]] std::vector<NetworkPart> fusion_parts(const ModelSizing& sizing, const std::vector<FusionInput>& all,
                                                    const std::vector<FusionInput>& last, const Genotype& genotype);

/// One for every row that a search of the space may ask for, in order of first use.
[[nodiscard]] std::vector<NetworkPart> space_parts(const BackboneSpace& space, int head_classes, CostScope scope);

/// What a table is to cover of fusion networks.
struct FusionScope {
  std::vector<std::string> operators;
  int channels = 192, positions = 16;  ///< C and L of the states; L is a square number
  int joined = 2;                      ///< states that the head joins, at most
  std::vector<int> classes;            ///< of the data
};
/// The features that late fusions of a table's rows put together: any two of them, and all. @param last one a space
[[nodiscard]] std::vector<std::vector<FusionInput>> fused_together(const std::vector<FusionInput>& last);
/// One for every row that fusion networks over features of these spaces may ask for: late fusion of any two of them,
/// and of all.
[[nodiscard]] std::vector<NetworkPart> fusion_scope_parts(const std::vector<BackboneSpace>& spaces,
                                                          const FusionScope& fusion, CostScope scope);

/// Their keys.
[[nodiscard]] std::vector<std::string> lut_keys(const std::vector<NetworkPart>& parts);

}  // namespace harmonic
