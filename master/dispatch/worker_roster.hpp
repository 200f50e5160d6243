#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/mpi/mailbox.hpp"
#include "core/work/work.hpp"

namespace harmonic {

/// All ranks but the master's, or in a world of one that rank itself.
[[nodiscard]] std::vector<Rank> workers_of(const Mailbox& mailbox);

/// "2 on node7"; "2" where the host is not known.
[[nodiscard]] std::string worker_name(Rank rank, const std::string& host);

/// What the master knows of one worker.
struct WorkerEntry {
  enum class State {
    unheard,  ///< has not said hello yet
    idle,
    busy,
    overdue,    ///< outlived its task's deadline: lives, but gets nothing more until it answers
    stuck,      ///< does not even answer that its task was cancelled; comes back when it answers
    lost,       ///< silent beyond its lease; comes back when it is heard again
    set_aside,  ///< of no use for good: cannot work, failed again and again, sent nonsense; what it answers counts no
                ///< more
  };

  State state = State::unheard;
  std::string host;
  std::string device;          ///< on what it computes; empty until it is ready
  std::string meter;           ///< of its energy; empty: none, or not ready
  std::optional<TaskId> task;  ///< given last and not answered yet
  double last_heard_s = 0;
  double since_s = 0;         ///< when the task was given
  int parts = 1;              ///< what it counts for
  double share = 0;           ///< of it that is done, 0 … 1
  bool cancelled = false;     ///< nobody wants its answer any more, and the worker was told
  int answers = 0;            ///< good ones
  std::set<TaskId> failures;  ///< since the last good answer: what it could not do, but for what nobody could
  bool outdone = false;       ///< others could do some of these
  Failure reason;             ///< why it is not here; of one that is, its last failure
  bool said_goodbye = false;  ///< it was sent home and has heard it

  /// Works, or may.
  [[nodiscard]] bool here() const { return state < State::stuck; }
  /// How often the task's deadline, `deadline_s` a part, has passed since it was given.
  [[nodiscard]] double deadlines(double deadline_s, double now_s) const {
    return (now_s - since_s) / (deadline_s * parts);
  }
  [[nodiscard]] std::string name(Rank rank) const { return worker_name(rank, host); }
};

/// The workers that are here and read the same meter as this one, itself among them; 1 of one without a meter.
[[nodiscard]] int sharing_meter(const std::map<Rank, WorkerEntry>& workers, Rank rank);

/// Who is there, who works on what, who has fallen silent. Times come from the caller; no messages. How many are in a
/// state is known without looking at them: of a thousand workers that is asked with every answer.
class WorkerRoster {
 public:
  WorkerRoster(const std::vector<Rank>& workers, double now_s);

  [[nodiscard]] const std::map<Rank, WorkerEntry>& workers() const { return workers_; }
  [[nodiscard]] const WorkerEntry* find(Rank rank) const;
  /// @pre it is one of them
  [[nodiscard]] WorkerEntry& at(Rank rank) { return workers_.at(rank); }
  [[nodiscard]] const WorkerEntry& at(Rank rank) const { return workers_.at(rank); }
  [[nodiscard]] int count(WorkerEntry::State state) const { return counts_.at(static_cast<std::size_t>(state)); }
  [[nodiscard]] int here() const;
  [[nodiscard]] const std::map<Rank, const WorkerEntry*>& idle() const { return idle_; }
  /// The only way to another state.
  void set_state(Rank rank, WorkerEntry::State state);

  /// A sign of life. A lost worker comes back with it: idle, or overdue when it still owes an answer. True when it did.
  bool heard(Rank rank, double now_s);
  void greet(Rank rank, const std::string& host, const std::string& device = {}, const std::string& meter = {});
  void give(Rank rank, TaskId task, double now_s, int parts = 1);
  /// It owes nothing any more, and is idle unless it is set aside.
  void answered(Rank rank);
  /// Whether every worker that is here has said on what it computes, and one at least is.
  [[nodiscard]] bool is_placed() const;
  /// Nobody can do this task: it speaks against no worker.
  void absolve(TaskId task);

  /// Those silent for longer than the lease, and not known to be lost yet.
  [[nodiscard]] std::vector<Rank> silent(double lease_s, double now_s) const;
  /// The caller itself was away for this long: nobody's silence counts in that time.
  void forgive(double seconds);
  /// True when some worker that is here works on the task and has not outlived its deadline.
  [[nodiscard]] bool in_hands(TaskId task) const;

 private:
  std::map<Rank, WorkerEntry> workers_;
  std::array<int, static_cast<std::size_t>(WorkerEntry::State::set_aside) + 1> counts_{};  ///< by state
  std::map<Rank, const WorkerEntry*> idle_;
};

}  // namespace harmonic
