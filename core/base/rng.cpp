#include "core/base/rng.hpp"

#include <cmath>
#include <numbers>

#include <Random123/philox.h>

#include "core/base/hash.hpp"

namespace harmonic {

RandomStream::RandomStream(Seed seed, std::string_view purpose, std::uint64_t a, std::uint64_t b) : key_{}, counter_{} {
  // The key comes from the seed and the purpose; a and b choose the start of the counter through one more mix, so
  // that streams with neighbouring a and b do not overlap (2^32 blocks a stream).
  const std::uint64_t key = hash64(purpose, seed.value);
  const std::uint64_t parts[3] = {key, a, b};
  const std::uint64_t lane = hash64(std::as_bytes(std::span{parts}), 0x68726d6eU);
  key_[0] = static_cast<std::uint32_t>(key);
  key_[1] = static_cast<std::uint32_t>(key >> 32U);
  counter_[0] = 0;
  counter_[1] = static_cast<std::uint32_t>(lane);
  counter_[2] = static_cast<std::uint32_t>(lane >> 32U);
  counter_[3] = static_cast<std::uint32_t>(a ^ (b * 0x9e3779b9U));
}

RandomStream::result_type RandomStream::operator()() {
  if (used_ == 4) {
    const r123::Philox4x32::ctr_type in = {{counter_[0], counter_[1], counter_[2], counter_[3]}};
    const r123::Philox4x32::key_type key = {{key_[0], key_[1]}};
    const auto out = r123::Philox4x32{}(in, key);
    for (int i = 0; i < 4; ++i) block_[i] = out[static_cast<std::size_t>(i)];
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

std::uint64_t RandomStream::bits64() {
  const std::uint64_t high = (*this)();
  return (high << 32U) | (*this)();
}

double RandomStream::uniform() {
  return static_cast<double>(bits64() >> 11U) * 0x1.0p-53;
}

double RandomStream::uniform(double lo, double hi) {
  return lo + (hi - lo) * uniform();
}

std::size_t RandomStream::below(std::size_t n) {
  // Draws past the largest multiple of n are thrown away: no bias.
  const std::uint64_t bound = n;
  const std::uint64_t reject = (std::numeric_limits<std::uint64_t>::max() % bound + 1) % bound;
  std::uint64_t draw = bits64();
  while (draw > std::numeric_limits<std::uint64_t>::max() - reject) draw = bits64();
  return static_cast<std::size_t>(draw % bound);
}

bool RandomStream::chance(double p) {
  return uniform() < p;
}

double RandomStream::normal() {
  const double u = 1.0 - uniform();  // (0, 1]
  const double v = uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace harmonic
