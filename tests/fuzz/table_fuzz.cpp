// A device's table of any bytes is read, or refused by name; what is read is written as it was read.
#include "core/base/error.hpp"
#include "core/hardware/lut.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = fuzz::file_of(fuzz::text_of(data, size));
  try {
    const auto table = LookUpTable::load({path});
    for (const auto& [key, cost] : table.rows())
      fuzz::require(cost.latency_ms() >= 0 && cost.energy_mj().value_or(0) >= 0);
    table.save(path);
    fuzz::require(LookUpTable::load({path}).rows().size() == table.rows().size());
  } catch (const InputError&) {
  }
  return 0;
}
