#pragma once

#include <string>
#include <string_view>

#include "core/base/hash.hpp"
#include "proto/codec.hpp"

namespace harmonic::testing {

/// A payload as a journal holds it: length, checksum, payload. Written anew from the form's description.
inline std::string framed(std::string_view payload) {
  const auto checksum = hash64(payload);
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(payload.size() >> (8 * i) & 0xffU);
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(checksum >> (8 * i) & 0xffU);
  return bytes + std::string(payload);
}

inline std::string framed(const JournalRecord& record) {
  const auto payload = encode(record);
  return framed(std::string_view(reinterpret_cast<const char*>(payload.data()), payload.size()));
}

}  // namespace harmonic::testing
