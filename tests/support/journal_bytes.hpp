#pragma once

#include <string>
#include <string_view>

#include "core/base/hash.hpp"
#include "proto/codec.hpp"

namespace harmonic::testing {

/// The `size` low bytes of a number, little endian.
inline std::string number_bytes(std::uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xffU);
  return bytes;
}

/// A payload as a journal holds it: mark, length, checksum of the payload, checksum of those, payload. Written anew
/// from the form's description.
inline std::string framed(std::string_view payload) {
  const std::string bytes = "HJ4\n" + number_bytes(payload.size(), 4) + number_bytes(hash64(payload), 8);
  return bytes + number_bytes(hash64(bytes), 4) + std::string(payload);
}

inline std::string payload_of(const JournalRecord& record) {
  const auto payload = encode(record);
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

inline std::string framed(const JournalRecord& record) {
  return framed(std::string_view(payload_of(record)));
}

/// The same in the form of version 3 and before: length, checksum, payload.
inline std::string framed_before_4(const JournalRecord& record) {
  const auto payload = payload_of(record);
  return number_bytes(payload.size(), 4) + number_bytes(hash64(payload), 8) + payload;
}

}  // namespace harmonic::testing
