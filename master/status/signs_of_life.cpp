#include "master/status/signs_of_life.hpp"

#include <cmath>

namespace harmonic {

void SignsOfLife::look(double touched_s, double wall_s, double now_s) {
  now_s_ = now_s;
  if (!touched_s_) {
    first_look_s_ = now_s;
    const double age_s = wall_s - touched_s;
    // From further in the future than clocks drift, it tells nothing of how old it is: as good as too old.
    heard_s_ = now_s - (age_s < -limit_s_ ? std::nextafter(limit_s_, 2 * limit_s_) : std::max(0.0, age_s));
  } else if (touched_s != *touched_s_) {
    heard_s_ = now_s;
  }
  touched_s_ = touched_s;
}

std::optional<double> SignsOfLife::silent_s() const {
  const double silence_s = now_s_ - heard_s_;
  return silence_s > limit_s_ ? std::optional(silence_s) : std::nullopt;
}

}  // namespace harmonic
