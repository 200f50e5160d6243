#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <torch/types.h>

/// A device that is not the CPU, for machines without one: a backend of LibTorch whose memory is the host's and whose
/// kernels are the CPU's. What runs on it by LibTorch's operators gives the CPU's numbers; it says where a program
/// would fail on a GPU, since it refuses an operator whose tensors lie on different devices, and it counts what costs
/// time there. It says nothing of how fast anything is.
namespace harmonic::testing {

/// The device; made known to LibTorch by the first call, which comes before any backward pass, for as long as the
/// process lives. Not where there is CUDA: a process has one such backend.
[[nodiscard]] torch::Device stand_in_accelerator();

/// What a GPU would have been asked for.
struct DeviceCalls {
  std::int64_t launches = 0;  ///< operators that run kernels: not views, not allocations
  std::int64_t waits = 0;    ///< the host stands still: a number read, a copy to the host, a blocking one to the device
  std::int64_t uploads = 0;  ///< copies from the host, blocking or not
  std::int64_t uploaded_bytes = 0;
  std::map<std::string, std::int64_t> by_operator = {};  ///< all of the above, by name
};

/// Since the process began, or the last reset. Of all threads.
[[nodiscard]] DeviceCalls device_calls();
void reset_device_calls();

/// Makes it say that so much of its memory is free; at first it is 8 GiB.
void set_free_memory(std::int64_t bytes);

/// Of what `body` does.
template <class Body>
[[nodiscard]] DeviceCalls device_calls_of(Body body) {
  reset_device_calls();
  body();
  return device_calls();
}

}  // namespace harmonic::testing
