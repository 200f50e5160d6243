#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/storage/curves.hpp"

namespace harmonic {

/// Curves over one axis in one plot: an <svg> as to_svg of the other plots; curves are told apart by their dashes. What
/// was not measured is passed over. Empty where nothing was. @param prefix of the names of those to draw, which a
/// reader sees without it
[[nodiscard]] std::string curve_plot(const std::string& title, const std::string& y_label, const Curves& curves,
                                     const std::string& prefix);

}  // namespace harmonic
