// Collectives of CPU tensors over MPI. Non-blocking calls that are polled, so that a lost rank ends in an error.
#include <limits>

#include <fmt/format.h>
#include <mpi.h>

#include "core/base/error.hpp"
#include "core/mpi/check.hpp"
#include "worker/group/backends.hpp"

namespace harmonic {
namespace {

MPI_Datatype mpi_type(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return MPI_FLOAT;
    case torch::kFloat64:
      return MPI_DOUBLE;
    default:
      throw RunError("collectives take float32 and float64 tensors");
  }
}

int count_of(const torch::Tensor& tensor) {
  if (tensor.numel() > std::numeric_limits<int>::max()) throw RunError("a tensor is too large for one collective call");
  return static_cast<int>(tensor.numel());
}

/// A call under way on a buffer. A collective cannot be called off: when it is given up MPI may yet write to the
/// buffer, which must then stay for good.
class Call : public PendingSum {
 public:
  Call(Peers& peers, const char* name, torch::Tensor buffer) : peers_(peers), name_(name), buffer_(std::move(buffer)) {}
  ~Call() override {
    if (request_ == MPI_REQUEST_NULL) return;
    static auto& abandoned = *new std::vector<torch::Tensor>;
    abandoned.push_back(buffer_);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  MPI_Request* request() { return &request_; }
  void advance() override { static_cast<void>(done()); }
  void wait() override {
    peers_.wait([this] { return done(); }, name_);
  }

 private:
  bool done() {
    int finished = 0;
    check_mpi(MPI_Test(&request_, &finished, MPI_STATUS_IGNORE), name_);
    return finished != 0;
  }

  Peers& peers_;
  const char* name_;
  torch::Tensor buffer_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

class MpiCollectives : public Collectives {
 public:
  explicit MpiCollectives(std::shared_ptr<Peers> peers) : Collectives(std::move(peers)) {
    // A communicator of its own, so that no message of others is mistaken for one of these.
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  }
  ~MpiCollectives() override {
    // Freeing is collective: not after a failure, when the others may be gone.
    if (!peers().broken()) MPI_Comm_free(&comm_);
  }
  MpiCollectives(const MpiCollectives&) = delete;
  MpiCollectives& operator=(const MpiCollectives&) = delete;

  void all_reduce_sum(std::vector<torch::Tensor> tensors) override {
    through_flat_buffer(tensors, [&](torch::Tensor& buffer) { start_all_reduce_sum(buffer)->wait(); });
  }
  std::unique_ptr<PendingSum> start_all_reduce_sum(torch::Tensor buffer) override {
    auto call = std::make_unique<Call>(peers(), "MPI_Iallreduce", buffer);
    check_mpi(MPI_Iallreduce(MPI_IN_PLACE, buffer.data_ptr(), count_of(buffer), mpi_type(buffer), MPI_SUM, comm_,
                             call->request()),
              "MPI_Iallreduce");
    return call;
  }
  void broadcast(std::vector<torch::Tensor> tensors, Rank root) override {
    through_flat_buffer(tensors, [&](torch::Tensor& buffer) {
      Call call(peers(), "MPI_Ibcast", buffer);
      check_mpi(MPI_Ibcast(buffer.data_ptr(), count_of(buffer), mpi_type(buffer), root.value, comm_, call.request()),
                "MPI_Ibcast");
      call.wait();
    });
  }
  void barrier() override {
    Call call(peers(), "MPI_Ibarrier", {});
    check_mpi(MPI_Ibarrier(comm_, call.request()), "MPI_Ibarrier");
    call.wait();
  }

 private:
  MPI_Comm comm_ = MPI_COMM_NULL;
};

}  // namespace

std::unique_ptr<Collectives> mpi_collectives(std::shared_ptr<Peers> peers) {
  return std::make_unique<MpiCollectives>(std::move(peers));
}

}  // namespace harmonic
