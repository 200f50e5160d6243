// Collectives of CUDA tensors over NCCL; the communicator's id travels over MPI. NCCL is used without blocking, so that
// a lost rank ends in ncclCommAbort and an error instead of a hang. A module of its own (nccl_module.cpp).
#include <utility>

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
    ncclUniqueId id{};
    if (rank() == 0) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    check_mpi(MPI_Bcast(&id, sizeof id, MPI_BYTE, 0, MPI_COMM_WORLD), "MPI_Bcast");
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
  void wait() override {
    communicator_.wait(summed_, kCall);
    summed_.block(c10::cuda::getCurrentCUDAStream(communicator_.device().index()));
  }

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
    run(tensors, "ncclAllReduce", [&](torch::Tensor& buffer, cudaStream_t stream) {
      return ncclAllReduce(buffer.data_ptr(), buffer.data_ptr(), count(buffer), type(buffer), ncclSum,
                           communicator_.get(), stream);
    });
  }
  std::unique_ptr<PendingSum> start_all_reduce_sum(torch::Tensor tensor) override {
    return std::make_unique<SideSum>(communicator_, side_, std::move(tensor));
  }
  void broadcast(std::vector<torch::Tensor> tensors, Rank root) override {
    run(tensors, "ncclBroadcast", [&](torch::Tensor& buffer, cudaStream_t stream) {
      return ncclBroadcast(buffer.data_ptr(), buffer.data_ptr(), count(buffer), type(buffer), root.value,
                           communicator_.get(), stream);
    });
  }
  void barrier() override {
    all_reduce_sum({torch::zeros({1}, torch::TensorOptions().device(communicator_.device()).dtype(torch::kFloat32))});
  }

 private:
  template <class Enqueue>
  void run(const std::vector<torch::Tensor>& tensors, const char* call, Enqueue enqueue) {
    through_flat_buffer(tensors, [&](torch::Tensor& buffer) {
      const auto stream = c10::cuda::getCurrentCUDAStream(communicator_.device().index());
      communicator_.run(call, [&] { return enqueue(buffer, stream.stream()); });
      at::cuda::CUDAEvent done;
      done.record(stream);
      communicator_.wait(done, call);
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
