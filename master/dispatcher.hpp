#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/mpi/mailbox.hpp"
#include "core/work/clock.hpp"
#include "core/work/work.hpp"
#include "master/worker_roster.hpp"
#include "proto/codec.hpp"

namespace harmonic {

struct DispatchOptions {
  double lease_s = 30;       ///< a worker silent for longer is lost
  double deadline_s = 3600;  ///< a task that runs for longer (each of a group's searches: for so long) is dealt again;
                             ///< for twice as long, and its worker is lost
  int max_losses = 2;        ///< a task that cost so many workers is set aside
  int max_failures = 2;      ///< a task that so many workers could not do is reported as failed
  Clock clock = steady_clock();
};

/// A piece of work to deal.
struct Job {
  Task task;
  double expected_cost = 1;  ///< any unit; the most expensive is dealt first
};

/// What happened so far.
struct DispatchCounts {
  int done = 0;
  int failed = 0;  ///< ended as a Failure, set aside or not
  int retried = 0;
  int lost_workers = 0;  ///< silent, stuck or refused; one that came back stays counted
  double busy_s = 0;     ///< sum of the workers' seconds
};

/// Deals pieces of work to workers and gathers the answers: the next piece goes out the moment a worker is free. Knows
/// no genetics. A worker that dies, hangs or sends nonsense costs its task a retry elsewhere. Workers are all ranks but
/// the master's, or in a world of one that rank itself.
class Dispatcher {
 public:
  /// `idle` is called again and again while nothing arrives (a world of one polls its worker there).
  Dispatcher(Mailbox& mailbox, DispatchOptions options, std::function<void()> idle);
  /// Tells the workers to stop, as far as `stop_workers` has not done so.
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// A worker that says hello with another hash ends the run. To be called before `run`.
  void expect_settings(std::uint64_t hash) { settings_hash_ = hash; }

  using OnResult = std::function<void(const Task&, const Result&)>;
  enum class End { finished, stopped };

  /// Deals every job; `on_result` hears of each exactly once, in the order in which answers arrive. A job that cannot
  /// be done comes with a Failure. Returns early, dealing no more, when `stop` says so. Task ids are unique over all
  /// calls.
  /// @throws InputError for a worker of other settings, or one that finds fault with the user's input
  /// @throws RunError when no worker is left
  End run(std::vector<Job> jobs, const OnResult& on_result, const std::function<bool()>& stop);

  /// Sends everyone home, and waits a moment for the messages to leave. False when a worker is lost or was refused: MPI
  /// must not be finalised then (MpiSession::abandon).
  bool stop_workers();

  [[nodiscard]] const DispatchCounts& counts() const { return counts_; }
  [[nodiscard]] int workers_busy() const;
  [[nodiscard]] int workers_here() const { return roster_.here(); }

 private:
  struct Open {
    Job job;
    int losses = 0;
    int failures = 0;
    std::set<Rank> avoid;  ///< workers it was lost with, or that could not do it
  };
  struct Order {  ///< of the queue: expensive first, then by id
    double cost;
    TaskId id;
    bool operator<(const Order& other) const { return cost != other.cost ? cost > other.cost : id < other.id; }
  };

  bool receive();
  void handle(const Message& message);
  void handle(Rank from, const Hello& hello);
  void handle(Rank from, const Result& result);
  void watch();
  void deal();
  void beat();
  void send(Rank to, const Envelope& envelope);
  [[nodiscard]] const Order* choose_for(Rank worker) const;
  void lose(Rank worker, const std::string& why, WorkerEntry::State state);
  void task_lost(TaskId id, Rank worker, const std::string& why);
  void requeue(Open& open, Rank avoid);
  void close(TaskId id, const Result& result);

  Mailbox& mailbox_;
  DispatchOptions options_;
  std::function<void()> idle_;
  WorkerRoster roster_;
  std::map<TaskId, Open> open_;
  std::set<Order> queue_;
  std::set<TaskId> dealt_;  ///< ever
  const OnResult* on_result_ = nullptr;
  DispatchCounts counts_;
  std::uint64_t settings_hash_ = 0;
  double last_watch_s_ = 0;
  double last_beat_s_ = 0;
  bool stopped_ = false;
};

}  // namespace harmonic
