#pragma once

#include <optional>
#include <string>

namespace harmonic {

/// A drawing to be put into a larger one.
struct LaidOutGraph {
  std::string elements;          ///< of SVG; points as units, from (0, 0) to (width, height)
  double width = 0, height = 0;  ///< points
};

/// Lays a graph in Graphviz's language out, and draws it. The library is part of the build where it was found; of its
/// plugins the two that are needed, dot's layout and the SVG renderer, are linked and named to it, so that neither the
/// list that `dot -c` writes nor the fonts of the machine count: widths of letters are those that the library knows of
/// Helvetica. Names get ids in their order. So the same graph gives the same bytes on every machine with this version.
/// @return nothing where this build has no Graphviz @throws RunError when Graphviz cannot draw it
[[nodiscard]] std::optional<LaidOutGraph> lay_out(const std::string& dot);

/// Whether this build has Graphviz.
[[nodiscard]] bool has_graphviz();

}  // namespace harmonic
