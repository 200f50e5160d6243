#include "worker/tensor/tensor_hash.hpp"

#include <span>

#include "core/base/hash.hpp"

namespace harmonic {

std::uint64_t tensor_hash(const torch::Tensor& tensor, std::uint64_t seed) {
  const auto values = tensor.detach().to(torch::kCPU).contiguous();
  return hash64(std::span(static_cast<const std::byte*>(values.data_ptr()), values.nbytes()), seed);
}

}  // namespace harmonic
