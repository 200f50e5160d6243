#include "core/mpi/communicator.hpp"

#include <algorithm>
#include <set>

#include <mpi.h>

#include "core/mpi/check.hpp"

namespace harmonic {

/// A message on its way to or from a peer. Owns the bytes, so that they outlive the transfer.
class Communicator::Transfer {
 public:
  /// Begins to send.
  Transfer(Bytes bytes, Rank to, int with_tag) : peer(to), tag(with_tag), bytes_(new Bytes(std::move(bytes))) {
    check_mpi(
        MPI_Isend(bytes_->data(), static_cast<int>(bytes_->size()), MPI_BYTE, to.value, tag, MPI_COMM_WORLD, &request_),
        "MPI_Isend");
  }
  /// Begins to receive a message that was probed: its sender may be gone before it is here.
  Transfer(MPI_Message& probed, const MPI_Status& status)
      : peer(status.MPI_SOURCE), tag(status.MPI_TAG), bytes_(new Bytes()) {
    MPI_Count count = 0;
    check_mpi(MPI_Get_elements_x(&status, MPI_BYTE, &count), "MPI_Get_elements_x");
    // One that is too long is left with MPI for good: into a buffer that is too short Open MPI 4.1 receives nothing
    // over TCP, it crashes.
    if (count > static_cast<MPI_Count>(kLongestMessage)) return;
    bytes_->resize(static_cast<std::size_t>(count));
    check_mpi(MPI_Imrecv(bytes_->data(), static_cast<int>(count), MPI_BYTE, &probed, &request_), "MPI_Imrecv");
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  /// The bytes of a message that never arrived may still be in MPI's hands: they are leaked, not freed. Waiting for it
  /// could be for ever.
  ~Transfer() {
    if (!done()) static_cast<void>(bytes_.release());
  }
  /// True once MPI has done with the bytes, or has given up on them.
  [[nodiscard]] bool done() {
    if (request_ == MPI_REQUEST_NULL) return true;
    int finished = 0;
    if (MPI_Test(&request_, &finished, MPI_STATUS_IGNORE) != MPI_SUCCESS) failed_ = true, request_ = MPI_REQUEST_NULL;
    return request_ == MPI_REQUEST_NULL;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] Bytes take() { return std::move(*bytes_); }

  const Rank peer;
  const int tag;

 private:
  std::unique_ptr<Bytes> bytes_;
  MPI_Request request_ = MPI_REQUEST_NULL;
  bool failed_ = false;
};

Communicator::Communicator() {
  check_mpi(MPI_Comm_rank(MPI_COMM_WORLD, &rank_.value), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(MPI_COMM_WORLD, &size_), "MPI_Comm_size");
}

Communicator::~Communicator() = default;

void Communicator::post(Rank to, int tag, Bytes bytes) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sends_, [](auto& send) { return send.done(); });
  sends_.emplace_back(std::move(bytes), to, tag);
}

std::optional<Message> Communicator::try_receive(int tag) {
  const std::lock_guard lock(mutex_);
  while (true) {
    int found = 0;
    MPI_Message probed = MPI_MESSAGE_NULL;
    MPI_Status status{};
    check_mpi(MPI_Improbe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &found, &probed, &status), "MPI_Improbe");
    if (found == 0) break;
    receives_.emplace_back(probed, status);
  }
  std::set<Rank> waiting;  // their later messages are not to overtake
  for (auto it = receives_.begin(); it != receives_.end();) {
    if (it->tag != tag || waiting.contains(it->peer)) {
      ++it;
    } else if (!it->done()) {
      waiting.insert(it->peer);
      ++it;
    } else if (it->failed()) {
      it = receives_.erase(it);
    } else {
      Message message{it->peer, it->take()};
      receives_.erase(it);
      return message;
    }
  }
  return std::nullopt;
}

bool Communicator::all_sent(Rank to) {
  const std::lock_guard lock(mutex_);
  std::erase_if(sends_, [](auto& send) { return send.done(); });
  return std::ranges::none_of(sends_, [&](const auto& send) { return send.peer == to; });
}

}  // namespace harmonic
