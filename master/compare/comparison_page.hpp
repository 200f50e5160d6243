#pragma once

#include <string>

#include "master/compare/comparison.hpp"

namespace harmonic {

/// Everything as one page that opens offline: plots of the fronts over one another whose marks tell their models, by
/// pointer, touch and keyboard, and the tables.
[[nodiscard]] std::string comparison_html(const Comparison& comparison);

/// The page's plots alone, as one file.
[[nodiscard]] std::string comparison_svg(const Comparison& comparison);

}  // namespace harmonic
