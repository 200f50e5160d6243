#pragma once

#include <string>

#include <torch/types.h>

namespace harmonic {

/// Where this rank stands among the ranks of its machine; {0, 1} where MPI is not initialised. Collective.
struct LocalPlace {
  int rank = 0;
  int size = 1;
};
[[nodiscard]] LocalPlace local_place();

/// "cpu", "cuda" (the local rank's GPU, dealt round) or "auto" (cuda where there is one).
/// @throws InputError for another word, or "cuda" where none can be used
[[nodiscard]] torch::Device choose_device(const std::string& compute, LocalPlace place);

/// Sets LibTorch's compute threads; 0: this machine's cores shared evenly by its ranks. @return how many
int use_threads(int threads, LocalPlace place);

}  // namespace harmonic
