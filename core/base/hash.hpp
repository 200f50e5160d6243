#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

struct XXH3_state_s;  // of the library

namespace harmonic {

/// 64-bit XXH3 of some bytes: the same on every machine. Checksums and memo keys, not cryptography.
[[nodiscard]] std::uint64_t hash64(std::span<const std::byte> bytes, std::uint64_t seed = 0);
[[nodiscard]] std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0);

/// 128 bits of hash, a key for containers: none of billions is taken for another.
struct Hash128 {
  std::uint64_t first = 0, second = 0;
  auto operator<=>(const Hash128&) const = default;
};
[[nodiscard]] inline Hash128 hash128(std::span<const std::byte> bytes) {
  return {hash64(bytes), hash64(bytes, 1)};
}

/// hash64() of bytes that come piece by piece: however they are cut, it is that of the whole.
class StreamedHash {
 public:
  explicit StreamedHash(std::uint64_t seed = 0);
  void add(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t value() const;  ///< of what was added so far

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace harmonic

template <>
struct std::hash<harmonic::Hash128> {
  std::size_t operator()(const harmonic::Hash128& key) const noexcept { return key.first; }
};
