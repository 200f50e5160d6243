#include "worker/fusion/learning_rate.hpp"

#include <cmath>
#include <numbers>

namespace harmonic {

double cosine_restarts(double t, double highest, double lowest) {
  double period = 1;
  while (t >= period) {
    t -= period;
    period *= 2;
  }
  return lowest + (highest - lowest) * (1 + std::cos(std::numbers::pi * t / period)) / 2;
}

}  // namespace harmonic
