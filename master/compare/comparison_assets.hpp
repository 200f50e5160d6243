#pragma once

#include <string_view>

namespace harmonic {

// Texts of files beside this one, built in.

[[nodiscard]] std::string_view comparison_style();   ///< comparison.css
[[nodiscard]] std::string_view comparison_script();  ///< comparison.js

}  // namespace harmonic
