#pragma once

#include <memory>

#include "core/mpi/mailbox.hpp"

namespace harmonic {

/// The ranks of MPI_COMM_WORLD. A program started without mpirun is a world of one, which may send to itself.
/// Needs MPI to be initialised (`MpiSession`); only the thread that did so may call.
class Communicator final : public Mailbox {
 public:
  Communicator();
  /// Does not wait: messages that have not left (their receiver is gone) are given up.
  ~Communicator() override;

  [[nodiscard]] Rank rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  void post(Rank to, int tag, Bytes bytes) override;
  [[nodiscard]] std::optional<Message> try_receive(int tag) override;
  [[nodiscard]] bool all_sent() override;

 private:
  class PendingSend;

  Rank rank_;
  int size_ = 1;
  std::vector<std::unique_ptr<PendingSend>> pending_;
};

}  // namespace harmonic
