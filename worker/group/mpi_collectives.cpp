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

class MpiCollectives : public Collectives {
 public:
  explicit MpiCollectives(double time_limit_s) : time_limit_s_(time_limit_s) {
    // A communicator of its own, so that no message of others is mistaken for one of these.
    check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &comm_), "MPI_Comm_dup");
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check_mpi(MPI_Comm_rank(comm_, &rank_), "MPI_Comm_rank");
    check_mpi(MPI_Comm_size(comm_, &size_), "MPI_Comm_size");
  }
  ~MpiCollectives() override {
    // Freeing is collective: not after a failure, when the others may be gone.
    if (!failed_) MPI_Comm_free(&comm_);
  }
  MpiCollectives(const MpiCollectives&) = delete;
  MpiCollectives& operator=(const MpiCollectives&) = delete;

  Rank rank() const override { return Rank{rank_}; }
  int size() const override { return size_; }

  void all_reduce_sum(std::vector<torch::Tensor> tensors) override {
    through_flat_buffer(tensors, [&](torch::Tensor& buffer) {
      MPI_Request request = MPI_REQUEST_NULL;
      check_mpi(
          MPI_Iallreduce(MPI_IN_PLACE, buffer.data_ptr(), count_of(buffer), mpi_type(buffer), MPI_SUM, comm_, &request),
          "MPI_Iallreduce");
      wait(request, "MPI_Iallreduce", buffer);
    });
  }
  void broadcast(std::vector<torch::Tensor> tensors, Rank root) override {
    through_flat_buffer(tensors, [&](torch::Tensor& buffer) {
      MPI_Request request = MPI_REQUEST_NULL;
      check_mpi(MPI_Ibcast(buffer.data_ptr(), count_of(buffer), mpi_type(buffer), root.value, comm_, &request),
                "MPI_Ibcast");
      wait(request, "MPI_Ibcast", buffer);
    });
  }
  void barrier() override {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibarrier(comm_, &request), "MPI_Ibarrier");
    wait(request, "MPI_Ibarrier", {});
  }

 private:
  void wait(MPI_Request& request, const char* call, const torch::Tensor& buffer) {
    const auto done = [&] {
      int flag = 0;
      check_mpi(MPI_Test(&request, &flag, MPI_STATUS_IGNORE), call);
      return flag != 0;
    };
    try {
      wait_until(done, time_limit_s_, call, Rank{rank_}, size_);
    } catch (const RunError&) {
      failed_ = true;
      // A collective cannot be called off: MPI may yet write to the buffer, so it must stay for good.
      static auto& abandoned = *new std::vector<torch::Tensor>;
      abandoned.push_back(buffer);
      throw;
    }
  }

  double time_limit_s_;
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<Collectives> mpi_collectives(double time_limit_s) {
  return std::make_unique<MpiCollectives>(time_limit_s);
}

}  // namespace harmonic
