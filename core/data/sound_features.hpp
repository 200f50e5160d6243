#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "core/data/media_file.hpp"
#include "core/data/mfcc.hpp"

namespace harmonic {

inline constexpr int kSoundRate = 8000;        ///< Hz, that both kinds of features are made for
inline constexpr std::size_t kSoundSide = 20;  ///< coefficients, and frames, of a sound's map

/// How a sound becomes a kSoundSide x kSoundSide map of MFCCs (row: coefficient, column: frame).
enum class SoundFeatures {
  /// All samples: 20 windows over the whole clip, however long, each two hops wide or more; 40 mel bands.
  /// The mean level of the clip is taken out, and the small high coefficients are raised by a sine lifter. Rounded to
  /// 1/16 (values run to hundreds), so that differences of arithmetic between machines leave no trace.
  native,
  /// As published with AV-MNIST: every third sample taken as if it were at 8 kHz, window 2048, hop 512, 128 mel
  /// bands; the few frames there are, then zeros.
  published,
};

/// `sound` holds at least one sample; native: of any sampling rate, brought to 8 kHz. Row-major.
/// @param padding of published features; native ones see zeros
[[nodiscard]] std::vector<float> sound_features(SoundFeatures kind, const Sound& sound,
                                                MfccPadding padding = MfccPadding::reflect);

}  // namespace harmonic
