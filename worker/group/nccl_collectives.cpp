// Collectives of CUDA tensors over NCCL; the communicator's id travels over MPI. NCCL is used without blocking, so that
// a lost rank ends in ncclCommAbort and an error instead of a hang.
#include "core/base/error.hpp"
#include "worker/group/backends.hpp"

#ifdef HARMONIC_WITH_CUDA
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cuda_runtime_api.h>
#include <fmt/format.h>
#include <mpi.h>
#include <nccl.h>

#include "core/mpi/check.hpp"

namespace harmonic {
namespace {

class NcclCollectives : public Collectives {
 public:
  NcclCollectives(torch::Device device, double time_limit_s) : device_(device), time_limit_s_(time_limit_s) {
    check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
    const c10::cuda::CUDAGuard guard(device_);
    ncclUniqueId id{};
    if (rank_ == 0) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    check_mpi(MPI_Bcast(&id, sizeof id, MPI_BYTE, 0, MPI_COMM_WORLD), "MPI_Bcast");
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    check(ncclCommInitRankConfig(&comm_, size_, id, rank_, &config), "ncclCommInitRankConfig");
    wait_for_communicator("ncclCommInitRankConfig");
  }
  ~NcclCollectives() override {
    // Every collective has been waited for: nothing is under way, and abort needs no peer to answer.
    if (comm_ != nullptr) ncclCommAbort(comm_);
  }
  NcclCollectives(const NcclCollectives&) = delete;
  NcclCollectives& operator=(const NcclCollectives&) = delete;

  Rank rank() const override { return Rank{rank_}; }
  int size() const override { return size_; }

  void all_reduce_sum(std::vector<torch::Tensor> tensors) override {
    run(tensors, "ncclAllReduce", [&](torch::Tensor& buffer, cudaStream_t stream) {
      return ncclAllReduce(buffer.data_ptr(), buffer.data_ptr(), count(buffer), type(buffer), ncclSum, comm_, stream);
    });
  }
  void broadcast(std::vector<torch::Tensor> tensors, Rank root) override {
    run(tensors, "ncclBroadcast", [&](torch::Tensor& buffer, cudaStream_t stream) {
      return ncclBroadcast(buffer.data_ptr(), buffer.data_ptr(), count(buffer), type(buffer), root.value, comm_,
                           stream);
    });
  }
  void barrier() override {
    all_reduce_sum({torch::zeros({1}, torch::TensorOptions().device(device_).dtype(torch::kFloat32))});
  }

 private:
  static std::size_t count(const torch::Tensor& tensor) { return static_cast<std::size_t>(tensor.numel()); }
  static ncclDataType_t type(const torch::Tensor& tensor) {
    switch (tensor.scalar_type()) {
      case torch::kFloat32:
        return ncclFloat32;
      case torch::kFloat64:
        return ncclFloat64;
      default:
        throw RunError("collectives take float32 and float64 tensors");
    }
  }

  void check(ncclResult_t result, const char* call) {
    if (result == ncclSuccess || result == ncclInProgress) return;
    give_up();
    throw RunError(fmt::format("{} failed on rank {} of {}: {}", call, rank_, size_, ncclGetErrorString(result)));
  }
  void give_up() noexcept {
    if (comm_ != nullptr) ncclCommAbort(comm_);
    comm_ = nullptr;
  }
  /// Polls; gives the communicator up when the time limit passes, which also frees the kernels that wait on the GPU.
  template <class Done>
  void wait(Done done, const char* call) {
    try {
      wait_until(done, time_limit_s_, call, Rank{rank_}, size_);
    } catch (const RunError&) {
      give_up();
      throw;
    }
  }
  /// True once the last call is no longer in progress. @throws RunError on a communication error
  bool communicator_ready(const char* call) {
    ncclResult_t state = ncclSuccess;
    check(ncclCommGetAsyncError(comm_, &state), call);
    check(state, call);
    return state != ncclInProgress;
  }
  void wait_for_communicator(const char* call) {
    wait([&] { return communicator_ready(call); }, call);
  }

  template <class Enqueue>
  void run(const std::vector<torch::Tensor>& tensors, const char* call, Enqueue enqueue) {
    if (comm_ == nullptr) throw RunError(fmt::format("{}: the group of rank {} was given up before", call, rank_));
    const c10::cuda::CUDAGuard guard(device_);
    through_flat_buffer(tensors, [&](torch::Tensor& buffer) {
      const cudaStream_t stream = c10::cuda::getCurrentCUDAStream(device_.index()).stream();
      check(enqueue(buffer, stream), call);
      wait_for_communicator(call);
      wait([&] { return communicator_ready(call) && cudaStreamQuery(stream) != cudaErrorNotReady; }, call);
      const auto state = cudaStreamQuery(stream);
      if (state != cudaSuccess) {
        give_up();
        throw RunError(fmt::format("{} failed on rank {} of {}: {}", call, rank_, size_, cudaGetErrorString(state)));
      }
    });
  }

  torch::Device device_;
  double time_limit_s_;
  int rank_ = 0;
  int size_ = 1;
  ncclComm_t comm_ = nullptr;
};

}  // namespace

std::unique_ptr<Collectives> nccl_collectives(torch::Device device, double time_limit_s) {
  return std::make_unique<NcclCollectives>(device, time_limit_s);
}

}  // namespace harmonic

#else

namespace harmonic {

std::unique_ptr<Collectives> nccl_collectives(torch::Device, double) {
  throw RunError("this program was built without NCCL and cannot train on CUDA with several ranks");
}

}  // namespace harmonic

#endif
