#pragma once

#include "core/base/ids.hpp"

namespace harmonic {

inline constexpr Rank kMasterRank{0};

/// Message tags. Two, so that a world of one can talk to itself without taking its own answers for questions.
inline constexpr int kToMaster = 1;
inline constexpr int kToWorker = 2;

}  // namespace harmonic
