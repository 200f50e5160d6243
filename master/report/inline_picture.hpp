#pragma once

#include <string>
#include <string_view>

namespace harmonic {

/// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);

/// An <img> that holds the picture itself. As an image an SVG runs no script and loads nothing, wherever its file came
/// from, and its names stay its own. @param words what it shows, for those who do not see it
[[nodiscard]] std::string inline_picture(std::string_view svg, std::string_view words);

}  // namespace harmonic
