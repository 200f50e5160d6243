#include "worker/tensor/upload.hpp"

#include <torch/types.h>

namespace harmonic {

torch::Tensor uploaded(const torch::Tensor& made, torch::Device device) {
  if (made.device() == device) return made;
  // From memory that the device reads by itself. It stays as it is until it has been read: LibTorch sees to that.
  const auto source = device.is_cuda() && made.is_cpu() ? made.pin_memory() : made;
  return source.to(device, source.scalar_type(), /*non_blocking=*/true);
}

}  // namespace harmonic
