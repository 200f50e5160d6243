#pragma once

#include <string>

#include <torch/types.h>

#include "core/config/compute.hpp"
#include "core/hardware/energy_meter.hpp"

namespace harmonic {

/// Where this rank stands among the ranks of its machine; {0, 1} where MPI is not initialised. As mpirun's environment
/// tells (Open MPI); elsewhere collective.
struct LocalPlace {
  int rank = 0;
  int size = 1;
};
[[nodiscard]] LocalPlace local_place();

/// CUDA shows a process one instance of a partitioned GPU (MIG) at most: of several that CUDA_VISIBLE_DEVICES names,
/// all by their MIG UUIDs, this rank's becomes the only one. To be called before anything asks CUDA, and before threads
/// are begun. Collective like local_place(), where there are several.
void choose_mig_instance();

/// The CPU, or the local rank's GPU, dealt round, which becomes the calling thread's current one: what LibTorch takes
/// for it without a number (pinned memory) would else lie on the first. @throws InputError for `cuda` where none can be
/// used
[[nodiscard]] torch::Device choose_device(Compute compute, LocalPlace place);

/// Ranks of this machine that choose_device() gives this device, this one among them.
[[nodiscard]] int ranks_on(torch::Device device, LocalPlace place);

/// Sets LibTorch's compute threads; 0: this machine's cores shared evenly by its ranks. @return how many
int use_threads(int threads, LocalPlace place);

/// Multiply-adds of float32 a second that all units of a GPU come to at their clock; 0 where the driver does not say.
[[nodiscard]] double gpu_multiply_adds_per_s(torch::Device device);

/// The device as meters of energy know it.
[[nodiscard]] MeteredDevice metered_device(torch::Device device);

/// For people: "CPU, 2 threads", as use_threads() has set them; "NVIDIA H200, GPU-1a2b3c4d", by which workers that
/// share a GPU, or an instance of one, are told from those that have one each, whatever number each knows it by.
[[nodiscard]] std::string device_text(torch::Device device);

}  // namespace harmonic
