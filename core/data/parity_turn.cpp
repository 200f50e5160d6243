#include "core/data/parity_turn.hpp"

#include <algorithm>
#include <limits>

namespace harmonic {

ParityTurn parity_turn(int position) {
  const int label = position % kParityClasses;
  const bool is_negative = position / kParityClasses % 2 == 1;
  const bool is_odd = label % 2 == 1;
  return {.digit = label / 2, .is_negative = is_negative, .is_thin = is_negative != is_odd};
}

void make_negative(std::vector<std::uint8_t>& pixels) {
  for (std::uint8_t& pixel : pixels)
    pixel = static_cast<std::uint8_t>(std::numeric_limits<std::uint8_t>::max() - pixel);
}

void colour_sound(Sound& sound, bool is_thin) {
  float last = 0;
  for (float& sample : sound.samples) {
    const float now = sample;
    sample = is_thin ? now - last : now + last;
    last = now;
  }
}

}  // namespace harmonic
