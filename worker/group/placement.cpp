#include "worker/group/placement.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <ATen/Parallel.h>
#include <sched.h>

#include <mpi.h>
#include <torch/cuda.h>

#include "core/base/error.hpp"
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

}  // namespace

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
  if (gpus > 0) return {torch::kCUDA, static_cast<c10::DeviceIndex>(place.rank % gpus)};
  if (compute == Compute::cuda)
    throw InputError("no CUDA device can be used here" + (why_no_cuda_half().empty() ? "" : ": " + why_no_cuda_half()),
                     "choose cpu or auto");
  return torch::kCPU;
}

int use_threads(int threads, LocalPlace place) {
  // A rank that mpirun has bound has its own cores; ranks that are not bound see all of them and share.
  if (threads == 0) threads = std::max(1, usable_cores() / place.size);
  at::set_num_threads(threads);
  return threads;
}

}  // namespace harmonic
