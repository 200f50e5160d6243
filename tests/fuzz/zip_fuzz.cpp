// An archive of any bytes: each of its members is read, or refused.
#include "core/base/error.hpp"
#include "core/storage/zip_archive.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    ZipArchive archive(fuzz::file_of(fuzz::text_of(data, size)));
    for (const auto& name : archive.names()) {
      try {
        fuzz::require(archive.view(name) == archive.read(name));
      } catch (const InputError&) {  // the next may be whole
      }
    }
  } catch (const InputError&) {
  }
  return 0;
}
