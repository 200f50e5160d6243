#include "core/mpi/communicator.hpp"

#include <mpi.h>

#include "core/mpi/check.hpp"

namespace harmonic {

/// A message on its way. Owns the bytes, so that they outlive the send.
class Communicator::PendingSend {
 public:
  PendingSend(Bytes bytes, Rank to, int tag) : bytes_(std::make_unique<Bytes>(std::move(bytes))) {
    check_mpi(
        MPI_Isend(bytes_->data(), static_cast<int>(bytes_->size()), MPI_BYTE, to.value, tag, MPI_COMM_WORLD, &request_),
        "MPI_Isend");
  }
  PendingSend(const PendingSend&) = delete;
  PendingSend& operator=(const PendingSend&) = delete;
  /// A message that never left may still be read by MPI: its bytes are leaked, not freed. Waiting for it could be
  /// forever.
  ~PendingSend() {
    if (!done()) static_cast<void>(bytes_.release());
  }
  /// True once MPI has read the bytes, or has given up on them.
  [[nodiscard]] bool done() {
    if (request_ == MPI_REQUEST_NULL) return true;
    int finished = 0;
    if (MPI_Test(&request_, &finished, MPI_STATUS_IGNORE) != MPI_SUCCESS) request_ = MPI_REQUEST_NULL;
    return request_ == MPI_REQUEST_NULL;
  }

 private:
  std::unique_ptr<Bytes> bytes_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

Communicator::Communicator() {
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank_.value), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
}

Communicator::~Communicator() = default;

void Communicator::post(Rank to, int tag, Bytes bytes) {
  static_cast<void>(all_sent());
  pending_.push_back(std::make_unique<PendingSend>(std::move(bytes), to, tag));
}

std::optional<Message> Communicator::try_receive(int tag) {
  int found = 0;
  MPI_Message handle = MPI_MESSAGE_NULL;
  MPI_Status status{};
  check_mpi(MPI_Improbe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &found, &handle, &status), "MPI_Improbe");
  if (found == 0) return std::nullopt;
  int count = 0;
  check_mpi(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
  Message message{Rank{status.MPI_SOURCE}, Bytes(static_cast<std::size_t>(count))};
  check_mpi(MPI_Mrecv(message.bytes.data(), count, MPI_BYTE, &handle, MPI_STATUS_IGNORE), "MPI_Mrecv");
  return message;
}

bool Communicator::all_sent() {
  std::erase_if(pending_, [](const auto& send) { return send->done(); });
  return pending_.empty();
}

}  // namespace harmonic
