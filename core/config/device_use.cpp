#include "core/config/device_use.hpp"

#include <fmt/format.h>

namespace harmonic {

void declare_device_use(OptionSet& options, DeviceUse& use) {
  using Identity = std::vector<std::string>;
  options
      .add("device-memory", use.memory_mib,
           fmt::format(
               "MiB of a GPU that the samples which go through a network at once may take, of each rank; 0: "
               "half of what is free (with deterministic {}, whatever is free). A CPU takes batches of a fixed size",
               kFixedDeviceMemoryMib),
           {0, 100'000'000})
      .identified_by([&use] {  // batches of another size round otherwise
        return use.deterministic && use.memory_mib > 0 ? Identity{std::to_string(use.memory_mib)} : Identity{};
      });
  options
      .add("deterministic", use.deterministic,
           "on a GPU take kernels that give the same bits every time, slower ones, too: only then is what was cut off "
           "and resumed the same to the last digit, as it always is on a CPU")
      .identified_by([&use] { return use.deterministic ? Identity{"true"} : Identity{}; });
}

void declare_precision(OptionSet& options, Arithmetic& arithmetic) {
  options.add_choice("precision", arithmetic, kArithmetics,
                     "in what convolutions and linear layers compute; weights, statistics of batch norms and losses "
                     "stay float32. bf16 is for GPUs: a CPU takes several times as long by it");
}

}  // namespace harmonic
