#include "core/config/data_memory.hpp"

namespace harmonic {

void declare_data_memory(OptionSet& options, int& mib) {
  options
      .add(
          "data-memory", mib,
          "MiB of samples that the ranks of a machine hold in memory, once for all of them; splits that do not fit are "
          "read from the file, batch by batch ahead of their use; of a search, as much again of what it computes from "
          "them",
          {0, 100'000'000})
      .free();
}

}  // namespace harmonic
