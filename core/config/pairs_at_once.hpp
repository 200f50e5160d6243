#pragma once

#include <algorithm>
#include <string>

#include "core/config/search_settings.hpp"

namespace harmonic {

/// Of FusionSettings::pairs_at_once: `auto`, what rank 0's device is for. A run decides it at its start and keeps the
/// number.
inline constexpr int kAutomaticPairs = 0;
inline constexpr int kMostPairsAtOnce = 64;

/// One until it is decided.
[[nodiscard]] inline int pairs_in_a_pass(const FusionSettings& settings) {
  return std::max(1, settings.pairs_at_once);
}
/// Why several pairs cannot train in one pass; empty where they can.
[[nodiscard]] std::string why_one_pair_at_once(const SearchSettings& settings);

/// A number, or auto.
extern const OptionText<int> kPairsAtOnceText;

}  // namespace harmonic
