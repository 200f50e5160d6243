#include "master/task_board.hpp"

namespace harmonic {

std::vector<Task> TaskBoard::tasks() const {
  std::vector<Task> tasks;
  for (const auto& [id, work] : awaited_) tasks.push_back({id, work});
  return tasks;
}

std::optional<Work> TaskBoard::take(const Result& result) {
  auto asked = awaited_.extract(result.task);
  if (asked.empty()) return std::nullopt;
  Work work = std::move(asked.mapped());
  const auto* failure = std::get_if<Failure>(&result.outcome);
  if (failure == nullptr) return work;
  last_failure_ = failure->message;
  const auto* search = std::get_if<SearchFusion>(&work);
  if (search == nullptr || search->candidates.size() == 1) return work;
  for (const auto& candidate : search->candidates) add(SearchFusion{{candidate}});
  return std::nullopt;
}

}  // namespace harmonic
