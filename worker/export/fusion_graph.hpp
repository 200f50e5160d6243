#pragma once

#include <string>
#include <vector>

#include "core/space/genotype.hpp"
#include "worker/export/backbone_graph.hpp"
#include "worker/fusion/state.hpp"

namespace harmonic {

/// What the backbones of a model give to its fusion, in the graph.
struct FusionValues {
  std::vector<GraphFeature> inputs;         ///< [input], all modalities one after another; empty where it is not read
  std::vector<int> last;                    ///< [modality] which of the inputs is its last
  std::vector<GraphBuilder::Value> logits;  ///< [modality]; empty where they are not read
};

/// Which of the inputs of a fusion are read.
[[nodiscard]] std::set<int> read_inputs(const Genotype& genotype, const std::vector<int>& last);

/// Whether a fusion reads what each backbone says alone.
/// @param backbone_logits whether a network of cells adds it to its own
[[nodiscard]] bool reads_logits(const Genotype& genotype, bool backbone_logits);

/// Adds the discrete network of a genotype, or a late fusion. States are maps (N, C, side, side).
/// @param tensors of DerivedNetwork, or of TrainedLateFusion @param shape of the states; its positions are side * side
/// @param backbone_logits whether the network adds them to its own
/// @return logits (N, classes) @throws InputError naming a tensor that is missing, or an operator that is not known
[[nodiscard]] GraphBuilder::Value add_fusion(GraphBuilder& graph, const Genotype& genotype, const FusionValues& values,
                                             const TensorMap& tensors, const StateShape& shape, int side,
                                             bool backbone_logits);

}  // namespace harmonic
