#include "worker/group/placement.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <sched.h>

#include <fmt/format.h>
#include <mpi.h>
#include <torch/cuda.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/mpi/check.hpp"
#include "worker/group/cuda_half.hpp"

namespace harmonic {
namespace {

/// Cores this process may run on: fewer than the machine's under mpirun's binding or in a container.
int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

/// A number that the launcher left in the environment.
std::optional<int> told(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : std::optional(std::atoi(text));
}

/// A function of CUDA's driver, which is loaded where there is one (cuda_half.hpp); null elsewhere. The program is
/// built without its headers: the types are those of its interface, where a device is an int and a result 0 when all is
/// well.
template <class Function>
Function* of_driver(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

/// "GPU-1a2b3c4d-…"; empty where the driver does not say.
std::string gpu_uuid(int device) {
  auto get_uuid = of_driver<int(unsigned char*, int)>("cuDeviceGetUuid_v2");  // of an instance its own, not its GPU's
  if (get_uuid == nullptr) get_uuid = of_driver<int(unsigned char*, int)>("cuDeviceGetUuid");
  std::array<unsigned char, 16> uuid{};
  if (get_uuid == nullptr || get_uuid(uuid.data(), device) != 0) return {};
  std::string text = "GPU";
  for (std::size_t i = 0; i < uuid.size(); ++i)
    text += fmt::format("{}{:02x}", i == 0 || (i >= 4 && i <= 10 && i % 2 == 0) ? "-" : "", uuid[i]);
  return text;
}

/// An attribute of the driver's, by its number there; 0 where it does not say.
int gpu_attribute(int attribute, int device) {
  const auto get = of_driver<int(int*, int, int)>("cuDeviceGetAttribute");
  int value = 0;
  return get != nullptr && get(&value, attribute, device) == 0 ? value : 0;
}

/// "NVIDIA H200, GPU-1a2b3c4d"; empty where the driver does not say.
std::string gpu_text(int device) {
  const auto get_name = of_driver<int(char*, int, int)>("cuDeviceGetName");
  std::array<char, 128> name{};
  const auto uuid = gpu_uuid(device);
  if (get_name == nullptr || uuid.empty() || get_name(name.data(), static_cast<int>(name.size()) - 1, device) != 0)
    return {};
  return fmt::format("{}, {}", name.data(), uuid.substr(0, uuid.find('-', std::string("GPU-").size())));
}

}  // namespace

void choose_mig_instance() {
  constexpr const char* kVisible = "CUDA_VISIBLE_DEVICES";
  const char* visible = std::getenv(kVisible);
  if (visible == nullptr) return;
  const auto instances = split(visible, ',');
  const auto is_instance = [](const std::string& name) { return name.starts_with("MIG-"); };
  if (instances.size() < 2 || !std::ranges::all_of(instances, is_instance)) return;
  ::setenv(kVisible, instances[static_cast<std::size_t>(local_place().rank) % instances.size()].c_str(), 1);
}

LocalPlace local_place() {
  int started = 0, ended = 0;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  if (started == 0 || ended != 0) return {};
  const auto rank = told("OMPI_COMM_WORLD_LOCAL_RANK"), size = told("OMPI_COMM_WORLD_LOCAL_SIZE");
  if (rank && size) return {*rank, std::max(1, *size)};  // no waiting for a rank that may be gone already
  LocalPlace place;
  MPI_Comm local = MPI_COMM_NULL;
  check_mpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local), "MPI_Comm_split_type");
  check_mpi(MPI_Comm_rank(local, &place.rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(local, &place.size), "MPI_Comm_size");
  check_mpi(MPI_Comm_free(&local), "MPI_Comm_free");
  return place;
}

torch::Device choose_device(Compute compute, LocalPlace place) {
  if (compute == Compute::cpu) return torch::kCPU;
  const auto gpus = static_cast<int>(torch::cuda::device_count());
  if (gpus > 0) {
    const torch::Device gpu{torch::kCUDA, static_cast<c10::DeviceIndex>(place.rank % gpus)};
    c10::impl::VirtualGuardImpl(torch::kCUDA).setDevice(gpu);
    return gpu;
  }
  if (compute == Compute::cuda)
    throw InputError("no CUDA device can be used here" + (why_no_cuda_half().empty() ? "" : ": " + why_no_cuda_half()),
                     "choose cpu");
  return torch::kCPU;
}

int ranks_on(torch::Device device, LocalPlace place) {
  if (!device.is_cuda()) return place.size;
  const int gpus = static_cast<int>(torch::cuda::device_count()), own = place.rank % gpus;
  return (place.size - own + gpus - 1) / gpus;
}

int use_threads(int threads, LocalPlace place) {
  // A rank that mpirun has bound has its own cores; ranks that are not bound see all of them and share.
  if (threads == 0) threads = std::max(1, usable_cores() / place.size);
  at::set_num_threads(threads);
  return threads;
}

double gpu_multiply_adds_per_s(torch::Device device) {
  constexpr int kClockKHz = 13, kMultiprocessors = 16;  // CU_DEVICE_ATTRIBUTE_…
  constexpr double kUnits = 128;                        // of a multiprocessor, for float32: 64 of a few kinds
  if (!device.is_cuda()) return 0;
  return kUnits * gpu_attribute(kMultiprocessors, device.index()) * 1e3 * gpu_attribute(kClockKHz, device.index());
}

MeteredDevice metered_device(torch::Device device) {
  return device.is_cuda() ? MeteredDevice{true, gpu_uuid(device.index())} : MeteredDevice{};
}

std::string device_text(torch::Device device) {
  if (device.is_cuda()) {
    auto text = gpu_text(device.index());
    return text.empty() ? fmt::format("GPU {}", static_cast<int>(device.index())) : text;
  }
  const int threads = at::get_num_threads();
  return fmt::format("CPU, {} thread{}", threads, threads == 1 ? "" : "s");
}

}  // namespace harmonic
