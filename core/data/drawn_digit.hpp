#pragma once

#include <cstdint>
#include <vector>

#include "core/base/rng.hpp"

namespace harmonic {

inline constexpr int kDrawnSide = 28;

/// A digit 0 to 9 as a pen might write it: slanted, bent, thick or thin, with noise; light on dark, kDrawnSide squared.
/// `is_hidden` covers most of it, so that the eye alone is often wrong.
[[nodiscard]] std::vector<std::uint8_t> draw_digit(int digit, bool is_hidden, RandomStream& random);

}  // namespace harmonic
