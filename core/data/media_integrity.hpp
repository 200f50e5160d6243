#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace harmonic {

/// What decoders pass over in silence: damage that a file's own checksums and sizes tell. Nothing where all is well or
/// the form has no such thing; whether it can be decoded is left to the decoder.
///   PNG: the checksum of every chunk, and the last chunk;  JPEG: every scan, decoded to its end;  BMP: as many bytes
///   as its pixels take
[[nodiscard]] std::optional<std::string> damage_of_picture(std::string_view bytes);
///   WAV, AIFF: as many bytes of samples as the header says (a recorder that could not know writes 0 or the highest
///   number, which is fine);  OGG: the page that ends the stream
[[nodiscard]] std::optional<std::string> damage_of_sound(std::string_view bytes);

}  // namespace harmonic
