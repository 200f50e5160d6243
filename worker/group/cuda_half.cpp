#include "worker/group/cuda_half.hpp"

#include <dlfcn.h>

namespace harmonic {
namespace {

std::string load() {
#ifdef HARMONIC_WITH_CUDA
  // Global, as if it were linked; and for good: it registers its kernels with LibTorch.
  for (const char* library : {"libcuda.so.1", "libtorch_cuda.so"})
    if (::dlopen(library, RTLD_NOW | RTLD_GLOBAL) == nullptr) return ::dlerror();
#endif
  return "";
}

}  // namespace

const std::string& why_no_cuda_half() {
  static const std::string why = load();
  return why;
}

}  // namespace harmonic

/// Named when a program is linked, so that this file is part of it.
extern "C" const bool harmonic_cuda_half;
const bool harmonic_cuda_half = harmonic::why_no_cuda_half().empty();
