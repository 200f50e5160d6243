#pragma once

#include <string>
#include <string_view>

namespace harmonic {

/// What clip_text mends, for the provenance of data.
inline constexpr std::string_view kClipTextMending =
    "in ftfy's place: character references, Windows-1252 controls, ligatures, widths, curly quotes, control "
    "characters, "
    "NFC; no mojibake";

/// A text as CLIP's tokeniser splits it: mended (a part of what ftfy does), character references twice resolved,
/// blanks of any kind and number as one, none at the ends, lower case.
/// @param text UTF-8; what is not becomes U+FFFD
[[nodiscard]] std::string clip_text(std::string_view text);

}  // namespace harmonic
