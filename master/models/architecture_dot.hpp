#pragma once

#include <string>
#include <vector>

#include "master/models/architecture.hpp"

namespace harmonic {

/// The fusion network in Graphviz's language, in the scheme of the published code's plots: a column of features a
/// modality (image_1, image_2, …), a cluster a cell with its inputs X_C1 and Y_C1, an inner node an operator (C1_S1 and
/// its name), its output Z_C1, and the reduction; besides, the backbones' logits, where they are added, and late
/// fusion, which has no cells. What nothing reads is faded: dashed, in grey. From top to bottom: three cells of four
/// operators each are a chain of twenty nodes, which is too wide for a page. The same bytes for the same model.
[[nodiscard]] std::string to_dot(const ModelArchitecture& model);

/// Whether a cell or the reduction reads it, by state.
[[nodiscard]] std::vector<bool> states_read(const ModelArchitecture& model);
/// Colour of a modality's features: "#87cefa".
[[nodiscard]] std::string modality_colour(std::size_t modality);
/// Of a feature that a backbone offers: "image_2". A long name of a modality is cut.
/// @param ordinal among those of its backbone, from 1
[[nodiscard]] std::string feature_name(const BackboneDescription& backbone, int ordinal);

}  // namespace harmonic
