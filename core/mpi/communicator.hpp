#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

#include "core/mpi/mailbox.hpp"

namespace harmonic {

/// Bytes. What master and workers say to each other is kilobytes.
inline constexpr std::size_t kLongestMessage = std::size_t{64} << 20U;

/// The ranks of MPI_COMM_WORLD. A program started without mpirun is a world of one, which may send to itself.
/// Needs MPI to be initialised (`MpiSession`). Any thread may call, its calls wait for each other; but while one may,
/// no other thread calls MPI in another way (MPI_THREAD_SERIALIZED).
/// A message that says it is longer than kLongestMessage arrives empty, and never leaves its sender: memory is not
/// given to whatever a peer claims.
class Communicator final : public Mailbox {
 public:
  Communicator();
  /// Does not wait: messages that are still on their way (the peer is gone) are given up.
  ~Communicator() override;

  [[nodiscard]] Rank rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  void post(Rank to, int tag, Bytes bytes) override;
  [[nodiscard]] std::optional<Message> try_receive(int tag) override;
  [[nodiscard]] bool all_sent(Rank to) override;

 private:
  class Transfer;

  Rank rank_;
  int size_ = 1;
  std::mutex mutex_;
  std::list<Transfer> sends_;
  std::list<Transfer> receives_;  ///< begun, in the order of arrival
};

}  // namespace harmonic
