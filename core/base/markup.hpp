#pragma once

#include <string>
#include <string_view>

namespace harmonic {

/// Text made safe inside HTML and SVG, attribute values included.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace harmonic
