#include "worker/tensor/gpu_failure.hpp"

#include <string_view>

namespace harmonic {

bool is_gpu_failure(const c10::Error& error) {
  if (dynamic_cast<const c10::AcceleratorError*>(&error) != nullptr) return true;
  // The mathematical libraries' errors have no class of their own.
  const std::string_view what = error.what_without_backtrace();
  return what.starts_with("CUDA error") || what.starts_with("cuDNN error");
}

}  // namespace harmonic
