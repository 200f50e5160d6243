#include "master/dispatch/task_board.hpp"

#include <iterator>

namespace harmonic {

std::vector<Work> tried_alone(const Work& work, const Failure& failure) {
  std::vector<Work> parts;
  if (const auto* search = std::get_if<SearchFusion>(&work); search != nullptr && search->candidates.size() > 1)
    for (const auto& candidate : search->candidates) parts.emplace_back(SearchFusion{{candidate}});
  // A node's trouble is the same for each of them; a sub-network's is its own.
  if (const auto* backbones = std::get_if<EvaluateBackbones>(&work);
      backbones != nullptr && backbones->genomes.size() > 1 && failure.kind == FailureKind::candidate)
    for (const auto& genome : backbones->genomes)
      parts.emplace_back(EvaluateBackbones{backbones->modality, {genome}, backbones->split});
  return parts;
}

std::vector<Task> TaskBoard::tasks() const {
  return tasks_from(0);
}

std::vector<Task> TaskBoard::tasks_from(std::uint64_t id) const {
  std::vector<Task> tasks;
  for (auto it = awaited_.lower_bound(TaskId{id}); it != awaited_.end(); ++it) tasks.push_back({it->first, it->second});
  return tasks;
}

std::size_t TaskBoard::count_from(std::uint64_t id) const {
  return static_cast<std::size_t>(std::distance(awaited_.lower_bound(TaskId{id}), awaited_.end()));
}

std::optional<Work> TaskBoard::take(const Result& result) {
  auto asked = awaited_.extract(result.task);
  if (asked.empty()) return std::nullopt;
  Work work = std::move(asked.mapped());
  const auto* failure = std::get_if<Failure>(&result.outcome);
  if (failure == nullptr) return work;
  last_failure_ = failure->message;
  auto parts = tried_alone(work, *failure);
  if (parts.empty()) return work;
  for (auto& part : parts) add(std::move(part));
  return std::nullopt;
}

}  // namespace harmonic
