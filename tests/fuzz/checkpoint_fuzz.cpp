// A checkpoint of any bytes is read, or is none.
#include "core/space/search_space.hpp"
#include "master/checkpoint.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::silence();
  static const std::vector<BackboneSpace> spaces = {find_space("avmnist-image"), find_space("avmnist-audio")};
  (void)load_checkpoint(fuzz::file_of(fuzz::text_of(data, size)), 7, spaces);
  return 0;
}
