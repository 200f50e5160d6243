#include "core/data/resample.hpp"

#include <cmath>

#include <soxr.h>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

Sound resampled(const Sound& sound, int rate) {
  if (sound.sample_rate == rate) return sound;
  const double factor = static_cast<double>(rate) / sound.sample_rate;
  Sound result{.sample_rate = rate, .samples = {}};
  result.samples.resize(static_cast<std::size_t>(std::ceil(static_cast<double>(sound.samples.size()) * factor)));
  std::size_t done = 0;
  const soxr_error_t error =
      soxr_oneshot(sound.sample_rate, rate, /*channels=*/1, sound.samples.data(), sound.samples.size(), nullptr,
                   result.samples.data(), result.samples.size(), &done, nullptr, nullptr, nullptr);
  if (error != nullptr)
    throw RunError(fmt::format("cannot resample from {} to {} Hz: {}", sound.sample_rate, rate, soxr_strerror(error)));
  result.samples.resize(std::max<std::size_t>(done, 1), 0.0F);
  return result;
}

}  // namespace harmonic
