#pragma once

#include <string_view>

namespace harmonic {

// Texts of files beside this one, built in.

[[nodiscard]] std::string_view page_style();     ///< page.css: of every page
[[nodiscard]] std::string_view plot_style();     ///< plot.css: colours, in light and dark, and the parts of plots
[[nodiscard]] std::string_view report_style();   ///< report.css
[[nodiscard]] std::string_view report_script();  ///< report.js

}  // namespace harmonic
