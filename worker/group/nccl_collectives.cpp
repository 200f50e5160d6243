// Collectives of CUDA tensors over NCCL; the communicator's id travels over MPI. NCCL is used without blocking, so that
// a lost rank ends in ncclCommAbort and an error instead of a hang. A module of its own (nccl_module.cpp).
#include <array>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <cuda_runtime_api.h>
#include <fmt/format.h>
#include <mpi.h>
#include <nccl.h>

#include "core/base/error.hpp"
#include "core/mpi/check.hpp"
#include "worker/group/nccl_module.hpp"

namespace harmonic {
namespace {

/// What a sum that is under way needs of its communicator.
class NcclCommunicator {
 public:
  NcclCommunicator(torch::Device device, std::shared_ptr<Peers> peers) : device_(device), peers_(std::move(peers)) {
    const c10::cuda::CUDAGuard guard(device_);
    check_own_gpu();
    ncclUniqueId id{};
    if (rank() == 0) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    over_mpi("MPI_Ibcast",
             [&](MPI_Request* request) { return MPI_Ibcast(&id, sizeof id, MPI_BYTE, 0, MPI_COMM_WORLD, request); });
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    check(ncclCommInitRankConfig(&comm_, peers_->size(), id, rank(), &config), "ncclCommInitRankConfig");
    wait_until_ready("ncclCommInitRankConfig");
  }
  ~NcclCommunicator() {
    // Every operation has been waited for, or the group has failed: abort needs no peer to answer.
    give_up();
  }
  NcclCommunicator(const NcclCommunicator&) = delete;
  NcclCommunicator& operator=(const NcclCommunicator&) = delete;

  [[nodiscard]] ncclComm_t get() const { return comm_; }
  [[nodiscard]] torch::Device device() const { return device_; }
  [[nodiscard]] int rank() const { return peers_->rank().value; }

  /// Runs `enqueue`, which gives NCCL an operation for `stream`.
  template <class Enqueue>
  void run(const char* call, Enqueue enqueue) {
    if (comm_ == nullptr)
      throw RunError(fmt::format("{}: {} gave its group up before", call, peers_->name(peers_->rank())));
    const c10::cuda::CUDAGuard guard(device_);
    check(enqueue(), call);
    wait_until_ready(call);
  }
  /// Returns when the GPU has passed the event.
  void wait(const at::cuda::CUDAEvent& event, const char* call) {
    wait([&] { return ready(call) && event.query(); }, call);
  }

 private:
  /// Runs a call over MPI that a lost rank does not hang.
  template <class Start>
  void over_mpi(const char* call, Start start) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(start(&request), call);
    peers_->wait(
        [&] {
          int done = 0;
          check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), call);
          return done != 0;
        },
        call);
  }
  /// NCCL would hang, or fail in words of its own. @throws InputError on all ranks when two have the same GPU
  void check_own_gpu() {
    cudaDeviceProp properties{};
    if (const auto failure = cudaGetDeviceProperties(&properties, device_.index()); failure != cudaSuccess)
      throw RunError(fmt::format("cudaGetDeviceProperties: {}", cudaGetErrorString(failure)));
    using Id = std::array<char, sizeof properties.uuid>;
    Id own{};
    std::memcpy(own.data(), &properties.uuid, own.size());
    std::vector<Id> all(static_cast<std::size_t>(peers_->size()));
    over_mpi("MPI_Iallgather", [&](MPI_Request* request) {
      return MPI_Iallgather(own.data(), own.size(), MPI_BYTE, all.data(), own.size(), MPI_BYTE, MPI_COMM_WORLD,
                            request);
    });
    std::map<Id, int> owners;
    for (int other = 0; other < peers_->size(); ++other)
      if (const auto [owner, is_first] = owners.emplace(all[static_cast<std::size_t>(other)], other); !is_first)
        throw InputError(
            fmt::format("{} and {} have the same GPU", peers_->name(Rank{owner->second}), peers_->name(Rank{other})),
            "start no more ranks on a machine than it has GPUs, or give --compute cpu");
  }
  /// Gives the communicator up on any error, which also frees the kernels that wait on the GPU.
  void wait(const std::function<bool()>& done, const char* call) {
    try {
      peers_->wait(done, call);
    } catch (...) {
      give_up();
      throw;
    }
  }
  void wait_until_ready(const char* call) {
    wait([&] { return ready(call); }, call);
  }
  /// True once the last call is no longer in progress. @throws RunError on a communication error
  bool ready(const char* call) {
    ncclResult_t state = ncclSuccess;
    check(ncclCommGetAsyncError(comm_, &state), call);
    check(state, call);
    return state != ncclInProgress;
  }
  void check(ncclResult_t result, const char* call) {
    if (result == ncclSuccess || result == ncclInProgress) return;
    give_up();
    throw RunError(fmt::format("{} failed on {}: {}", call, peers_->name(peers_->rank()), ncclGetErrorString(result)));
  }
  void give_up() noexcept {
    if (comm_ != nullptr) ncclCommAbort(comm_);
    comm_ = nullptr;
  }

  torch::Device device_;
  std::shared_ptr<Peers> peers_;
  ncclComm_t comm_ = nullptr;
};

std::size_t count(const torch::Tensor& tensor) {
  return static_cast<std::size_t>(tensor.numel());
}

ncclDataType_t type(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return ncclFloat32;
    case torch::kFloat64:
      return ncclFloat64;
    default:
      throw RunError("collectives take float32 and float64 tensors");
  }
}

/// A sum on a stream of its own, which starts when the work queued so far is done.
class SideSum : public PendingSum {
 public:
  SideSum(NcclCommunicator& communicator, c10::cuda::CUDAStream side, torch::Tensor buffer)
      : communicator_(communicator), buffer_(std::move(buffer)) {
    at::cuda::CUDAEvent computed;
    computed.record(c10::cuda::getCurrentCUDAStream(communicator_.device().index()));
    computed.block(side);
    communicator_.run(kCall, [&] {
      return ncclAllReduce(buffer_.data_ptr(), buffer_.data_ptr(), count(buffer_), type(buffer_), ncclSum,
                           communicator_.get(), side.stream());
    });
    summed_.record(side);
  }
  void advance() override {}  // NCCL needs no help
  void wait() override { summed_.block(c10::cuda::getCurrentCUDAStream(communicator_.device().index())); }

 private:
  static constexpr const char* kCall = "ncclAllReduce";
  NcclCommunicator& communicator_;
  torch::Tensor buffer_;
  at::cuda::CUDAEvent summed_;
};

class NcclCollectives : public Collectives {
 public:
  NcclCollectives(torch::Device device, const std::shared_ptr<Peers>& peers)
      : Collectives(peers),
        communicator_(device, peers),
        side_(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index())) {}

  void all_reduce_sum(std::vector<torch::Tensor> tensors) override {
    enqueue(tensors, "ncclAllReduce", [&](torch::Tensor& buffer, cudaStream_t stream) {
      return ncclAllReduce(buffer.data_ptr(), buffer.data_ptr(), count(buffer), type(buffer), ncclSum,
                           communicator_.get(), stream);
    });
  }
  std::unique_ptr<PendingSum> start_all_reduce_sum(torch::Tensor tensor) override {
    return std::make_unique<SideSum>(communicator_, side_, std::move(tensor));
  }
  void settle() override {
    at::cuda::CUDAEvent done;
    done.record(c10::cuda::getCurrentCUDAStream(communicator_.device().index()));
    communicator_.wait(done, "ncclAllReduce");
  }
  void broadcast(std::vector<torch::Tensor> tensors, Rank root) override {
    enqueue(tensors, "ncclBroadcast", [&](torch::Tensor& buffer, cudaStream_t stream) {
      return ncclBroadcast(buffer.data_ptr(), buffer.data_ptr(), count(buffer), type(buffer), root.value,
                           communicator_.get(), stream);
    });
    settle();
  }
  void barrier() override {
    all_reduce_sum({torch::zeros({1}, torch::TensorOptions().device(communicator_.device()).dtype(torch::kFloat32))});
    settle();
  }

 private:
  /// On the stream that the caller computes on: what it computes next finds the result.
  template <class Operation>
  void enqueue(const std::vector<torch::Tensor>& tensors, const char* call, Operation operation) {
    through_flat_buffer(tensors, [&](torch::Tensor& buffer) {
      const auto stream = c10::cuda::getCurrentCUDAStream(communicator_.device().index());
      communicator_.run(call, [&] { return operation(buffer, stream.stream()); });
    });
  }

  NcclCommunicator communicator_;
  c10::cuda::CUDAStream side_;
};

}  // namespace

}  // namespace harmonic

harmonic::Collectives* harmonic_make_nccl_collectives(const torch::Device& device,
                                                      const std::shared_ptr<harmonic::Peers>& peers) {
  return std::make_unique<harmonic::NcclCollectives>(device, peers).release();
}
