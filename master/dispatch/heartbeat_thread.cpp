#include "master/dispatch/heartbeat_thread.hpp"

#include <chrono>

#include "core/base/log.hpp"
#include "master/dispatch/worker_roster.hpp"
#include "proto/codec.hpp"
#include "proto/tags.hpp"

namespace harmonic {

HeartbeatThread::HeartbeatThread(Mailbox& mailbox, double period_s)
    : mailbox_(mailbox), thread_([this, period = std::chrono::duration<double>(period_s)] {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, period, [this] { return ending_; })) beat();
      }) {}

HeartbeatThread::~HeartbeatThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void HeartbeatThread::beat() noexcept {
  for (const Rank worker : workers_of(mailbox_)) try {
      if (mailbox_.all_sent(worker)) mailbox_.post(worker, kToWorker, encode(Heartbeat{mailbox_.rank()}));
    } catch (const std::exception& e) {
      log::debug("no sign of life to worker {}: {}", worker.value, e.what());
    }
}

}  // namespace harmonic
