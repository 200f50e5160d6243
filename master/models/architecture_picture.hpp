#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "master/models/architecture.hpp"

namespace harmonic {

/// In the folder of a model.
inline constexpr const char *kSvgPicture = "architecture.svg", *kDotPicture = "architecture.dot";

/// A picture of a model for people, one SVG that needs nothing else: every backbone as a strip of blocks
/// (backbone_strip), the fusion network (to_dot) and a legend. Made for a page 1,000 pixels wide, on which no letter is
/// smaller than 10; where a network is too wide for that, so is the picture, and a reader scrolls. The same model gives
/// the same bytes.
///
/// The network is laid out by Graphviz's library, which is part of the build where it was found (graphviz.hpp): its
/// layout of ranks is better than one of our own would be. The strips are no graphs, and stay out of it. Without the
/// library the network's DOT is all there is: `dot -Tsvg` draws it.
/// @param title model_title @return nothing where this build has no Graphviz @throws RunError when Graphviz cannot draw
[[nodiscard]] std::optional<std::string> to_svg(const ModelArchitecture& model, const std::string& title);

/// "model 7"
[[nodiscard]] std::string model_title(const std::string& id);

/// Writes kDotPicture and, with Graphviz, kSvgPicture into a folder that is there. @throws RunError
void save_pictures(const std::filesystem::path& folder, const ModelArchitecture& model, const std::string& title);

}  // namespace harmonic
