#pragma once

namespace harmonic {

/// Cosine annealing with warm restarts after 1, 2, 4, … epochs. @param t epochs done, fractions included
[[nodiscard]] double cosine_restarts(double t, double highest, double lowest);

}  // namespace harmonic
