#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.hpp"

namespace harmonic {

/// What the master knows of one worker.
struct WorkerEntry {
  enum class State {
    unheard,  ///< has not said hello yet
    idle,
    busy,
    overdue,  ///< outlived its task's deadline: lives, but gets nothing more until it answers
    lost,     ///< silent beyond its lease; comes back when it is heard again
    refused,  ///< sent nonsense: nothing it says counts any more
  };

  State state = State::unheard;
  std::string host;
  std::optional<TaskId> task;  ///< given last and not answered yet
  double last_heard_s = 0;
  double since_s = 0;  ///< when the task was given
  int parts = 1;       ///< what it counts for

  [[nodiscard]] bool here() const { return state != State::lost && state != State::refused; }
};

/// Who is there, who works on what, who has fallen silent. Times come from the caller; no messages.
class WorkerRoster {
 public:
  WorkerRoster(const std::vector<Rank>& workers, double now_s);

  [[nodiscard]] const std::map<Rank, WorkerEntry>& workers() const { return workers_; }
  [[nodiscard]] const WorkerEntry* find(Rank rank) const;
  [[nodiscard]] int count(WorkerEntry::State state) const;
  [[nodiscard]] int here() const;  ///< neither lost nor refused

  /// A sign of life. A lost worker comes back with it: idle, or overdue when it still owes an answer. True when it did.
  bool heard(Rank rank, double now_s);
  void greet(Rank rank, const std::string& host);
  void give(Rank rank, TaskId task, double now_s, int parts = 1);
  void answered(Rank rank);
  void mark(Rank rank, WorkerEntry::State state) { workers_.at(rank).state = state; }

  /// Those silent for longer than the lease, and not known to be lost yet.
  [[nodiscard]] std::vector<Rank> silent(double lease_s, double now_s) const;
  /// Those that work (state) on one task for longer than `limit_s` a part.
  [[nodiscard]] std::vector<Rank> slower_than(double limit_s, WorkerEntry::State state, double now_s) const;
  /// The caller itself was away for this long: nobody's silence counts in that time.
  void forgive(double seconds);
  /// True when some worker that is here works on the task and has not outlived its deadline.
  [[nodiscard]] bool in_hands(TaskId task) const;

 private:
  std::map<Rank, WorkerEntry> workers_;
};

}  // namespace harmonic
