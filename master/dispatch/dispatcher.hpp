#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/mpi/mailbox.hpp"
#include "core/work/answer_check.hpp"
#include "core/work/clock.hpp"
#include "core/work/work.hpp"
#include "master/dispatch/worker_roster.hpp"
#include "proto/codec.hpp"

namespace harmonic {

struct DispatchOptions {
  double lease_s = 30;       ///< a worker silent for longer is lost
  double deadline_s = 3600;  ///< a task that runs for longer (each of a group's searches: for so long) is dealt again;
                             ///< for twice as long, and it is cancelled
  int max_losses = 2;        ///< a task that cost so many workers is set aside
  int max_overtimes = 2;     ///< a task that outlived its deadline so often is dealt no more, and has failed once the
                             ///< last who works on it is cancelled
  int max_failures = 2;      ///< a task that so many sound workers could not do is reported as failed
  int max_in_a_row = 3;      ///< a worker that could not do so many, one after another, gets nothing more until others
                             ///< have tried; if one can do what it could not, it is set aside
  double farewell_s = 3;     ///< for workers to say goodbye at the end
  double grace_s = 0;  ///< for what is under way when it is to stop: what is expected to end by then is waited for
  bool believe_input_faults = false;  ///< the first worker that finds fault with the user's input ends the run, and no
                                      ///< other is asked: all read the same
  Clock clock = steady_clock();
  std::function<void()> pause = pause_briefly;  ///< while nothing arrives
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
  int lost_workers = 0;  ///< silent, stuck or set aside; one that came back stays counted
  double busy_s = 0;     ///< sum of the workers' seconds of work
  double there_s = 0;    ///< sum of the seconds that they were there
};

/// What went wrong without ending a piece of work.
struct Setback {
  enum class Kind {
    retry,      ///< a try failed or was lost with its worker; another one follows, or is under way
    lost,       ///< a worker is silent, or stuck
    set_aside,  ///< a worker is of no use for good
  };
  Kind kind;
  const Task* task = nullptr;  ///< of a retry
  Rank rank;                   ///< of the worker
  std::string host;
  std::string reason;
};

/// Deals pieces of work to workers and gathers the answers: the next piece goes out the moment a worker is free. Knows
/// no genetics. One bad worker costs a retry elsewhere, not the run:
/// - Silent beyond its lease: lost, its task is dealt again; it comes back when it is heard again.
/// - Beyond its task's deadline: the task is dealt again, the first answer counts, and the other is cancelled. Beyond
///   two, it is cancelled there; who does not answer that either within a lease gets nothing more until it does.
/// - Sends nonsense, cannot work at all, or fails again and again at what others can do: set aside, with its reason.
/// A task that costs several workers is set aside; one that several sound workers cannot do, or all, has failed, and
/// one that two workers call a fault of its own (FailureKind::candidate). When all blame the input, the input is at
/// fault.
class Dispatcher {
 public:
  /// `idle` is called again and again while nothing arrives (a world of one polls its worker there).
  Dispatcher(Mailbox& mailbox, DispatchOptions options, std::function<void()> idle);
  /// Tells the workers to stop, as far as `stop_workers` has not done so.
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// A worker that says hello with another hash is set aside. To be called before `run`.
  void expect_settings(std::uint64_t hash) { settings_hash_ = hash; }

  /// A worker that answers what this calls nonsense is set aside. To be called before `run`.
  void expect_answers(AnswerCheck check) { answers_ = check; }
  /// Seconds that a piece of work takes on a worker, 0: not known. To be called before `run`.
  void expect_durations(std::function<double(const Work&)> seconds) { expected_s_ = std::move(seconds); }
  /// True when what is under way is not to be waited for any more, whatever grace is left.
  void hurry_when(std::function<bool()> hurry) { hurry_ = std::move(hurry); }
  /// Called when all that had arrived was heard, if `on_result` was called since: what answers cost at once (a disk to
  /// wait for) they may cost together. Workers that were free have got their next piece by then, where there was one.
  void on_gathered(std::function<void()> gathered) { gathered_ = std::move(gathered); }
  /// Asked for more work while workers are free and none waits for them: after the start, after every answer, and when
  /// others may work than before.
  /// @param supply gets how many they are; what it gives is dealt as the jobs of the `run` under way
  /// @param dealt called when that is done: what takes longer, while they work
  void on_free_workers(
      std::function<std::vector<Job>(int free)> supply, std::function<void()> dealt = [] {}) {
    supply_ = std::move(supply);
    dealt_more_ = std::move(dealt);
  }
  /// Hears of every setback as it comes. To be called before `run`.
  void on_setback(std::function<void(const Setback&)> hear) { hear_setback_ = std::move(hear); }

  using OnResult = std::function<void(const Task&, const Result&)>;
  enum class End { finished, stopped };

  /// Deals every job; `on_result` hears of each exactly once, in the order in which answers arrive. A job that cannot
  /// be done comes with a Failure. When `stop` says so it deals no more and returns early, once what is under way and
  /// expected to end within the grace has ended. Task ids are unique over all calls.
  /// @throws InputError when every worker that could try finds fault with the user's input; `on_result` has heard of
  ///   it, but where the first is believed
  /// @throws RunError when no worker is left
  End run(std::vector<Job> jobs, const OnResult& on_result, const std::function<bool()>& stop);

  /// Of the pieces of work that the last `run` reported as failed those that the workers could not do, or not in time:
  /// it may be the work, or what all workers share (a full disk).
  [[nodiscard]] const std::set<TaskId>& refused() const { return refused_; }

  /// Sends everyone home, and waits a moment for their goodbyes. False when one is missing, which is named in the log:
  /// MPI must not be finalised then (MpiSession::take_down).
  bool stop_workers();

  [[nodiscard]] const DispatchCounts& counts() const { return counts_; }
  [[nodiscard]] int workers_busy() const;
  [[nodiscard]] int workers_here() const { return roster_.here(); }
  [[nodiscard]] const std::map<Rank, WorkerEntry>& workers() const { return roster_.workers(); }
  /// Of the pieces of work under way what is done, as the workers tell: 1.5 of three that are half done, a group
  /// counted as its parts.
  [[nodiscard]] double parts_under_way() const;

 private:
  struct Open {
    Job job;
    int losses = 0;
    int overtimes = 0;
    int tries = 0;                     ///< that failed
    std::map<Rank, Failure> failures;  ///< by whom
    std::set<Rank> avoid;              ///< workers it was lost with, or that could not do it
    std::vector<Rank> given;           ///< workers that got it
  };
  struct Order {  ///< of the queue: expensive first, then by id
    double cost = 0;
    TaskId id;
    bool operator<(const Order& other) const { return cost != other.cost ? cost > other.cost : id < other.id; }
  };

  bool receive();
  void add(std::vector<Job> jobs);
  void gather();
  void refill();
  [[nodiscard]] bool is_worth_waiting(double until_s) const;
  void handle(const Message& message);
  void handle(Rank from, const Hello& hello);
  void handle(Rank from, const Heartbeat& beat);
  void handle(Rank from, const Result& result);
  void handle(Rank from, const Goodbye& goodbye);
  void failed(Rank from, Open& open, const Failure& failure);
  void watch();
  void look_at_each(double now_s);
  void watch_deadlines(double now_s);
  void deal();
  void send(Rank to, const Envelope& envelope);
  void cancel(Rank rank);
  [[nodiscard]] const Order* choose_for(Rank rank) const;
  [[nodiscard]] bool is_trusted(const WorkerEntry& worker) const;
  [[nodiscard]] bool may_work(const WorkerEntry& worker) const;
  [[nodiscard]] bool is_quiet(const WorkerEntry& worker) const;
  [[nodiscard]] bool is_sound(const WorkerEntry& worker) const;
  void blame_if_outdone(Rank rank);
  void lose(Rank rank, const std::string& why);
  void set_aside(Rank rank, Failure reason, bool over_its_task = false);
  void task_lost(TaskId id, Rank worker, const std::string& why);
  void task_late(TaskId id, Rank worker);
  void give_up_if_nobody_works_on(TaskId id, Rank last);
  void requeue(Open& open, Rank avoid, const std::string& why);
  void tell_retry(const Open& open, Rank worker, const std::string& why) const;
  void gone(Rank rank, WorkerEntry::State state, Failure reason);
  void close(TaskId id, const Result& result);
  [[noreturn]] void no_worker_left() const;
  void tell_placement();

  Mailbox& mailbox_;
  DispatchOptions options_;
  std::function<void()> idle_;
  WorkerRoster roster_;
  std::map<TaskId, Open> open_;
  std::set<Order> queue_;
  std::set<TaskId> refused_;
  const OnResult* on_result_ = nullptr;
  std::function<void(const Setback&)> hear_setback_ = [](const Setback&) {};
  std::function<double(const Work&)> expected_s_ = [](const Work&) { return 0; };
  std::function<bool()> hurry_ = [] { return false; };
  std::function<void()> gathered_ = [] {};
  std::function<std::vector<Job>(int free)> supply_;
  std::function<void()> dealt_more_ = [] {};
  bool told_ = false;   ///< results that `gathered_` has not heard of
  bool fresh_ = false;  ///< an answer or a change of who may work since `supply_` was asked
  DispatchCounts counts_;
  std::uint64_t settings_hash_ = 0;
  AnswerCheck answers_;
  double last_watch_s_ = 0, last_look_s_ = 0;
  bool stopping_ = false;
  bool placement_told_ = false;
};

}  // namespace harmonic
