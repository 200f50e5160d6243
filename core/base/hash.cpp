#include "core/base/hash.hpp"

#include <new>

#include <xxhash.h>

namespace harmonic {

std::uint64_t hash64(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t hash64(std::string_view text, std::uint64_t seed) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

void StreamedHash::Free::operator()(XXH3_state_s* state) const {
  XXH3_freeState(state);
}

StreamedHash::StreamedHash(std::uint64_t seed) : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset_withSeed(state_.get(), seed);
}

void StreamedHash::add(std::span<const std::byte> bytes) {
  XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::uint64_t StreamedHash::value() const {
  return XXH3_64bits_digest(state_.get());
}

}  // namespace harmonic
