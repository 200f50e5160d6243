#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace harmonic {

/// 64-bit XXH3 of some bytes: the same on every machine. Checksums and memo keys, not cryptography.
[[nodiscard]] std::uint64_t hash64(std::span<const std::byte> bytes, std::uint64_t seed = 0);
[[nodiscard]] std::uint64_t hash64(std::string_view text, std::uint64_t seed = 0);

}  // namespace harmonic
