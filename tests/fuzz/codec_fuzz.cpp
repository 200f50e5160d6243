// Bytes from another rank, or from a journal's record: read, or refused; what is read is written as it was read.
#include "proto/codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto envelope = decode_envelope(fuzz::bytes_of(data, size))) {
    const auto bytes = encode(*envelope);
    const auto again = decode_envelope(bytes);
    fuzz::require(again && encode(*again) == bytes);
  }
  if (const auto record = decode_journal_record(fuzz::bytes_of(data, size))) {
    const auto bytes = encode(*record);
    const auto again = decode_journal_record(bytes);
    fuzz::require(again && encode(*again) == bytes);
  }
  return 0;
}
