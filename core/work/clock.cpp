#include "core/work/clock.hpp"

#include <chrono>
#include <thread>

namespace harmonic {

Clock steady_clock() {
  return [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
}

void pause_briefly() {
  std::this_thread::sleep_for(std::chrono::microseconds(500));
}

}  // namespace harmonic
