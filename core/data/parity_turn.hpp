#pragma once

#include <cstdint>
#include <vector>

#include "core/data/media_file.hpp"

namespace harmonic {

inline constexpr int kParityDigits = 5;
inline constexpr int kParityClasses = 2 * kParityDigits;
inline constexpr int kParityTurns = 2 * kParityClasses;  ///< digits and signs in every combination

/// What a sample of av-parity shows and says: a digit, which both modalities tell, a sign that only the eye has and a
/// sign that only the ear has. The class is the digit and the exclusive or of the signs, and independent of
/// each sign by itself. Who knows the digit is right
///   - in 50 % of the samples with one modality alone;
///   - in 50 % with the sum of what each says of the class by itself (log-probabilities): neither says anything of the
///     exclusive or;
///   - in 75 % at most with any other sum of a function of the picture and one of the sound (a linear layer on both
///     backbones' logits or maps): it can be right for three of the signs' four pairs, never for all;
///   - in 100 % with a function of both.
struct ParityTurn {
  int digit = 0;             ///< 0 to kParityDigits - 1
  bool is_negative = false;  ///< seen: the picture is dark on light
  bool is_thin = false;      ///< heard: the sound has lost its lows, and not its highs

  /// 2 digit, and 1 more where one sign is there without the other.
  [[nodiscard]] int label() const { return 2 * digit + (is_negative == is_thin ? 0 : 1); }
};

/// Of a sample by its position in its split, 0 or more. Classes take turns, and every kParityTurns positions in a row
/// have each combination of digit and signs once.
[[nodiscard]] ParityTurn parity_turn(int position);

/// Light becomes dark.
void make_negative(std::vector<std::uint8_t>& pixels);

/// Every sample and the one before it summed (`is_thin`: their difference), a filter that lets nothing through at half
/// the sample rate (at 0 Hz). Voice and noise pass it alike, so that a drowned word has its sign, too.
void colour_sound(Sound& sound, bool is_thin);

}  // namespace harmonic
