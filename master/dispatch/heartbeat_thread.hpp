#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/mpi/mailbox.hpp"

namespace harmonic {

/// The master's own signs of life: about once a second to every worker, from a thread of its own, so that they go on
/// while the master is busy with something long (data to hash, a checkpoint, a report). A worker that has not taken the
/// last one gets no other.
/// @param mailbox one that two threads may use (Communicator)
class HeartbeatThread {
 public:
  explicit HeartbeatThread(Mailbox& mailbox, double period_s = 1);
  ~HeartbeatThread();
  HeartbeatThread(const HeartbeatThread&) = delete;
  HeartbeatThread& operator=(const HeartbeatThread&) = delete;

 private:
  void beat() noexcept;

  Mailbox& mailbox_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace harmonic
