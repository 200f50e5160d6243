#pragma once

#include <string>

#include "core/base/hash.hpp"
#include "proto/codec.hpp"

namespace harmonic::testing {

/// A record as a journal holds it: length, checksum, payload. Written anew from the form's description.
inline std::string framed(const JournalRecord& record) {
  const auto payload = encode(record);
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(payload.size() >> (8 * i) & 0xffU);
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(hash64(payload) >> (8 * i) & 0xffU);
  for (const auto byte : payload) bytes += std::to_integer<char>(byte);
  return bytes;
}

}  // namespace harmonic::testing
