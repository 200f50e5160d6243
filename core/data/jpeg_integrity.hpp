#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace harmonic {

/// What is wrong with a JPEG, in libjpeg's words, which decodes all of it; nothing where all is well. Scans that end
/// too early, codes that mean nothing, a missing end and bytes between scans that are no padding are damage; decoders
/// show some picture all the same.
[[nodiscard]] std::optional<std::string> damage_of_jpeg(std::string_view bytes);

}  // namespace harmonic
