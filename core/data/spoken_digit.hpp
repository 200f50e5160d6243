#pragma once

#include "core/base/rng.hpp"
#include "core/data/media_file.hpp"

namespace harmonic {

/// The English word of a digit 0 to 9, synthesised at 8 kHz: a voice of its own pitch, size and tempo, over some noise.
/// A buzz and a hiss through three formants that glide from sound to sound.
/// `is_drowned` raises the noise above the voice, so that the ear alone is often wrong.
/// Source of the method: D. Klatt, Software for a cascade/parallel formant synthesizer, JASA 67(3), 1980.
[[nodiscard]] Sound speak_digit(int digit, bool is_drowned, RandomStream& random);

}  // namespace harmonic
