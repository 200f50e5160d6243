// A .pth.tar, zip or legacy: read, or refused.
#include "core/base/error.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "worker/backbone/checkpoint_file.hpp"

using namespace harmonic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    (void)read_checkpoint(fuzz::file_of(fuzz::text_of(data, size)));
  } catch (const InputError&) {
  }
  return 0;
}
