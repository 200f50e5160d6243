// An array of any bytes is read, or refused by name.
#include "core/base/error.hpp"
#include "core/storage/npy_file.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto array = NpyArray::parse(std::string(fuzz::text_of(data, size)), "array");
    fuzz::require(array.values(0, array.size()).size() == array.size());
  } catch (const InputError&) {
  }
  return 0;
}
