#include "master/run/cut_groups.hpp"

#include <algorithm>
#include <queue>
#include <utility>

#include "core/work/expected_cost.hpp"

namespace harmonic {

std::vector<Job> CutGroups::cut(std::vector<Job> jobs, int workers) {
  const auto genomes_of = [](const Job& job) {
    const auto* group = std::get_if<EvaluateBackbones>(&job.task.work);
    return group == nullptr ? std::size_t{0} : group->genomes.size();
  };
  std::size_t pieces = jobs.size();
  const auto wanted = static_cast<std::size_t>(std::max(0, workers));
  struct Share {
    std::size_t job = 0, genomes = 0, count = 1;
    /// Of its largest part.
    [[nodiscard]] std::size_t largest() const { return (genomes + count - 1) / count; }
    bool operator<(const Share& other) const {
      return largest() != other.largest() ? largest() < other.largest() : job > other.job;
    }
  };
  std::priority_queue<Share> shares;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (const auto genomes = genomes_of(jobs[i]); genomes > 1) shares.push({i, genomes});
  std::map<std::size_t, std::size_t> counts;  // of parts, by job
  while (pieces < wanted && !shares.empty() && shares.top().largest() > 1) {
    auto share = shares.top();
    shares.pop();
    counts[share.job] = ++share.count;
    ++pieces;
    shares.push(share);
  }
  std::vector<Job> cut;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto parts = counts.find(i);
    if (parts == counts.end()) {
      cut.push_back(std::move(jobs[i]));
      continue;
    }
    auto group = std::make_shared<Group>(Group{std::move(jobs[i].task), parts->second, {}});
    const auto& work = std::get<EvaluateBackbones>(group->task.work);
    group->metric.resize(work.genomes.size());
    const std::size_t size = work.genomes.size() / parts->second, larger = work.genomes.size() % parts->second;
    for (std::size_t p = 0, first = 0; p < parts->second; ++p) {
      const std::size_t count = size + (p < larger ? 1 : 0);
      const auto begin = work.genomes.begin() + static_cast<std::ptrdiff_t>(first);
      Work part = EvaluateBackbones{work.modality, {begin, begin + static_cast<std::ptrdiff_t>(count)}, work.split};
      const TaskId id{next_++};
      parts_.emplace(id, Part{group, first});
      const double cost = expected_cost(part);
      cut.push_back({{id, std::move(part)}, cost});
      first += count;
    }
  }
  return cut;
}

std::optional<CutGroups::Whole> CutGroups::take(const Task& task, const Result& result, bool refused) {
  const auto node = parts_.extract(task.id);
  if (node.empty()) return Whole{task, result, refused};
  const auto& [group, first] = node.mapped();
  group->seconds += result.seconds;
  if (const auto* scores = std::get_if<BackboneScores>(&result.outcome)) {
    std::ranges::copy(scores->metric, group->metric.begin() + static_cast<std::ptrdiff_t>(first));
  } else {
    group->failure = result;
    group->refused |= refused;
  }
  if (--group->missing > 0) return std::nullopt;
  Whole whole{group->task, result, group->refused};
  if (group->failure) {
    whole.result = *group->failure;
  } else {
    whole.result.outcome = BackboneScores{group->metric};
  }
  whole.result.task = group->task.id;
  whole.result.seconds = group->seconds;
  return whole;
}

}  // namespace harmonic
