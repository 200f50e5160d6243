#pragma once

#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <utility>
#include <vector>

#include "core/mpi/mailbox.hpp"
#include "core/work/clock.hpp"
#include "core/work/work.hpp"
#include "master/run/run_hooks.hpp"

namespace harmonic {

/// Workers that are played in the master's process, in a time of their own that passes at once: the master posts real
/// messages to them, and gets real ones back. For one thread.
class VirtualWorkers final : public Mailbox {
 public:
  using Answer = std::function<Outcome(const Work&)>;
  using Seconds = std::function<double(const Work&)>;

  /// @param settings_hash that they say hello with
  VirtualWorkers(int workers, std::uint64_t settings_hash, Answer answer, Seconds seconds);

  [[nodiscard]] Rank rank() const override { return Rank{0}; }
  [[nodiscard]] int size() const override { return workers_ + 1; }
  void post(Rank to, int tag, Bytes bytes) override;
  [[nodiscard]] std::optional<Message> try_receive(int tag) override;
  [[nodiscard]] bool all_sent(Rank) override { return true; }

  /// Seconds since the start, of their time. It holds on as long as this object lives.
  [[nodiscard]] Clock clock() const {
    return [this] { return now_s_; };
  }
  /// A run with these hooks goes by their time.
  void set(RunHooks& hooks);
  /// Lets time pass until the next answer, and as long as a master that polls would need to see it: what else comes in
  /// that time comes with it.
  void pass_time();
  /// Processor time of this thread that playing them took, seconds.
  [[nodiscard]] double own_cpu_s() const { return own_cpu_s_; }

 private:
  struct Event {
    double at_s = 0;
    Rank worker;
    TaskId task;
    double seconds = 0;
    bool operator>(const Event& other) const { return at_s != other.at_s ? at_s > other.at_s : worker > other.worker; }
  };

  void take(Rank worker, const Task& task);
  void say(Rank worker, Bytes bytes) { inbox_.push_back({worker, std::move(bytes)}); }

  int workers_;
  Answer answer_;
  Seconds seconds_;
  double now_s_ = 0;
  double own_cpu_s_ = 0;
  std::deque<Message> inbox_;  ///< of the master
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<Rank, Task> at_work_;
};

/// Processor time of the calling thread, seconds.
[[nodiscard]] double thread_cpu_s();

}  // namespace harmonic
