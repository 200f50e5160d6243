#pragma once

#include "core/data/media_file.hpp"

namespace harmonic {

/// The sound at another sampling rate, band-limited to the lower of both (libsoxr, high quality); of the same length in
/// seconds, rounded up to whole samples. The same sound where it has that rate. @throws RunError when libsoxr fails
[[nodiscard]] Sound resampled(const Sound& sound, int rate);

}  // namespace harmonic
