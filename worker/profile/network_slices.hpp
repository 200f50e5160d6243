#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/export/network_graph.hpp"

namespace harmonic {

/// A piece of a network as a network of its own.
struct NetworkSlice {
  std::string name;
  NetworkGraph graph;  ///< inputs: what it reads of the rest; outputs: what the rest reads of it, or nothing does
};

/// Cuts a network into pieces: each has the nodes to which `piece_of` gives its name. In order of their first nodes.
/// @param piece_of of a node's name @throws InputError when the network cannot run
[[nodiscard]] std::vector<NetworkSlice> slice(const NetworkGraph& graph,
                                              const std::function<std::string(const std::string&)>& piece_of);

/// The pieces that tables have rows for, by the names that the export gives nodes: "m0/first_conv", "m0/blocks.3",
/// "m0/blocks.3/shortcut", "m0/pool", "fusion/reshape_2", "fusion/cell_0.1", "fusion/cell_0", "fusion/head",
/// "fusion/backbone_1" ….
[[nodiscard]] std::string table_piece(const std::string& node);

}  // namespace harmonic
