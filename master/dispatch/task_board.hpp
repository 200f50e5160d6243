#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/work/work.hpp"

namespace harmonic {

/// The members of a piece of work that failed, each a piece of its own, where that may help those that are well; else
/// none: it has failed for good.
[[nodiscard]] std::vector<Work> tried_alone(const Work& work, const Failure& failure);

/// The pieces of work whose answers a plan awaits: it lists them when it is asked, and takes them off when it is told.
/// Ids count up from `first_id` and are never given twice: a plan that resumes begins from the `next_id` that it kept.
class TaskBoard {
 public:
  explicit TaskBoard(std::uint64_t first_id = 1) : next_id_(first_id) {}

  void add(Work work) { awaited_.emplace(TaskId{next_id_++}, std::move(work)); }

  [[nodiscard]] bool empty() const { return awaited_.empty(); }
  /// All that is awaited, in the order in which it was added.
  [[nodiscard]] std::vector<Task> tasks() const;
  /// Of these the ones that were added from this id on.
  [[nodiscard]] std::vector<Task> tasks_from(std::uint64_t id) const;
  /// How many these are.
  [[nodiscard]] std::size_t count_from(std::uint64_t id) const;
  [[nodiscard]] std::uint64_t next_id() const { return next_id_; }
  /// Whether work is awaited that is so. @param is takes a Work
  template <class Predicate>
  [[nodiscard]] bool awaits(const Predicate& is) const {
    return std::ranges::any_of(awaited_, [&](const auto& entry) { return is(entry.second); });
  }

  /// The work that this is the answer to, awaited no longer. Nothing when it is not awaited; nor when candidates that
  /// travelled together failed, which need not be the fault of each: they are awaited again, every one alone.
  [[nodiscard]] std::optional<Work> take(const Result& result);

  /// Why work failed the last time; empty when none did.
  [[nodiscard]] const std::string& last_failure() const { return last_failure_; }

 private:
  std::uint64_t next_id_;
  std::map<TaskId, Work> awaited_;
  std::string last_failure_;
};

}  // namespace harmonic
