#pragma once

#include <torch/types.h>

#include "core/config/compute.hpp"

namespace harmonic {

/// Where this rank stands among the ranks of its machine; {0, 1} where MPI is not initialised. As mpirun's environment
/// tells (Open MPI); elsewhere collective.
struct LocalPlace {
  int rank = 0;
  int size = 1;
};
[[nodiscard]] LocalPlace local_place();

/// The CPU, or the local rank's GPU, dealt round. @throws InputError for `cuda` where none can be used
[[nodiscard]] torch::Device choose_device(Compute compute, LocalPlace place);

/// Sets LibTorch's compute threads; 0: this machine's cores shared evenly by its ranks. @return how many
int use_threads(int threads, LocalPlace place);

}  // namespace harmonic
