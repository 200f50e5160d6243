#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/space/genome.hpp"
#include "worker/export/graph_builder.hpp"

namespace harmonic {

/// What of a backbone a fusion reads.
struct NeededOutputs {
  std::set<int> features;  ///< indices among those that a sub-network returns
  bool logits = false;
};

/// A feature in the graph.
struct GraphFeature {
  GraphBuilder::Value value;  ///< (N, channels, size, size), or (N, channels) of a vector
  int channels = 0;
  int size = 0;  ///< side of the map; 0: a vector
};

struct BackboneValues {
  std::map<int, GraphFeature> features;  ///< those that are needed
  GraphBuilder::Value logits;            ///< (N, classes); empty unless needed
};

/// Adds a sub-network to a graph, as far as it is needed, with every batch norm folded into the layer beside it.
/// @param tensors of the stand-alone sub-network by their published names (Subnet::state)
/// @param input its value, normalised @param prefix of the names of its nodes: "image"
/// @throws InputError naming a tensor that is missing, or a genome of another space
[[nodiscard]] BackboneValues add_backbone(GraphBuilder& graph, const BackboneSpace& space, const BackboneGenome& genome,
                                          int classes, const TensorMap& tensors, const GraphBuilder::Value& input,
                                          const std::string& prefix, const NeededOutputs& needed);

}  // namespace harmonic
