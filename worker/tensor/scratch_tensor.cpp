#include "worker/tensor/scratch_tensor.hpp"

#include <ATen/ops/from_blob.h>
#include <c10/util/accumulate.h>

#include <torch/utils.h>

#include "core/storage/scratch_bytes.hpp"

namespace harmonic {
namespace {

/// What a storage calls when its last tensor has gone; by this function it is known for one that lies in a file.
void release(void* scratch) {
  delete static_cast<ScratchBytes*>(scratch);  // NOLINT(cppcoreguidelines-owning-memory): made for it
}

}  // namespace

torch::Tensor scratch_tensor(at::IntArrayRef sizes) {
  auto scratch = ScratchBytes::make(static_cast<std::size_t>(c10::multiply_integers(sizes)) * sizeof(float));
  if (scratch == nullptr) return torch::empty(sizes, torch::kFloat32);
  void* start = scratch->bytes().data();
  return at::for_blob(start, sizes).context(scratch.release(), release).options(torch::kFloat32).make_tensor();
}

bool is_scratch(const torch::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.storage().data_ptr().get_deleter() == release;
}

void let_go(const torch::Tensor& tensor) {
  if (is_scratch(tensor)) static_cast<ScratchBytes*>(tensor.storage().data_ptr().get_context())->let_go();
}

}  // namespace harmonic
