#include "worker/group/nccl_module.hpp"

#include <dlfcn.h>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace harmonic {

#ifdef HARMONIC_WITH_CUDA

std::unique_ptr<Collectives> nccl_collectives(torch::Device device, std::shared_ptr<Peers> peers) {
  void* module = ::dlopen("harmonic-nccl.so", RTLD_NOW);  // stays loaded: collectives are its code
  void* make = module == nullptr ? nullptr : ::dlsym(module, "harmonic_make_nccl_collectives");
  if (make == nullptr) throw RunError(fmt::format("cannot load the program's part for NCCL: {}", ::dlerror()));
  return std::unique_ptr<Collectives>(reinterpret_cast<decltype(&harmonic_make_nccl_collectives)>(make)(device, peers));
}

#else

std::unique_ptr<Collectives> nccl_collectives(torch::Device, std::shared_ptr<Peers>) {
  throw RunError("this program was built without NCCL and cannot train on CUDA with several ranks");
}

#endif

}  // namespace harmonic
