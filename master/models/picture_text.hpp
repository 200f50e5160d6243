#pragma once

#include <string>
#include <string_view>

namespace harmonic {

/// What a user may have named anyhow, as a picture can show it: UTF-8 on one line, without control characters.
[[nodiscard]] std::string picture_text(std::string_view text);
/// Width of a line, in the unit of `size` (its font's), in the widest of the usual sans-serif fonts, about.
[[nodiscard]] double text_width(std::string_view text, double size);
/// The text, or as much of it as fits with "…" after it.
[[nodiscard]] std::string cut_text(std::string_view text, double size, double width);

}  // namespace harmonic
