#pragma once

#include <functional>

namespace harmonic {

/// Seconds since some fixed moment, never going back. Tests give their own.
using Clock = std::function<double()>;
[[nodiscard]] Clock steady_clock();

/// Leaves the processor to others for a moment: an idle rank that polls without a pause spins.
void pause_briefly();

}  // namespace harmonic
