#pragma once

#include <filesystem>
#include <string>

#include "core/export/network_graph.hpp"

namespace harmonic {

/// The graph as the bytes of an archive that `torch.load` reads: a dictionary of "graph", its JSON (to_json_text), and
/// "weights", every constant's tensor by name.
[[nodiscard]] std::string to_torch_archive(const NetworkGraph& graph);

/// Inverse of to_torch_archive. @param whose the file, for messages @throws InputError when it is no such archive
[[nodiscard]] NetworkGraph from_torch_archive(const std::string& bytes, const std::string& whose);

}  // namespace harmonic
