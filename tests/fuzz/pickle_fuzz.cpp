// The pickles inside a .pth.tar: read, or refused.
#include "core/storage/pickle.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  PickleReader reader(fuzz::text_of(data, size));
  try {
    while (!reader.rest().empty()) (void)reader.next();
  } catch (const PickleError&) {
  }
  return 0;
}
