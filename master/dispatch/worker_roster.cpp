#include "master/dispatch/worker_roster.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace harmonic {

using State = WorkerEntry::State;

std::vector<Rank> workers_of(const Mailbox& mailbox) {
  std::vector<Rank> workers;
  for (int r = 0; r < mailbox.size(); ++r)
    if (Rank{r} != mailbox.rank() || mailbox.size() == 1) workers.push_back(Rank{r});
  return workers;
}

std::string worker_name(Rank rank, const std::string& host) {
  return host.empty() ? std::to_string(rank.value) : fmt::format("{} on {}", rank.value, host);
}

int sharing_meter(const std::map<Rank, WorkerEntry>& workers, Rank rank) {
  const auto& reader = workers.at(rank);
  if (reader.meter.empty()) return 1;
  return static_cast<int>(std::ranges::count_if(workers, [&](const auto& other) {
    return other.first == rank ||
           (other.second.here() && other.second.host == reader.host && other.second.meter == reader.meter);
  }));
}

WorkerRoster::WorkerRoster(const std::vector<Rank>& workers, double now_s) {
  for (const Rank rank : workers) workers_[rank].last_heard_s = now_s;
  counts_.at(static_cast<std::size_t>(State::unheard)) = static_cast<int>(workers_.size());
}

const WorkerEntry* WorkerRoster::find(Rank rank) const {
  const auto it = workers_.find(rank);
  return it == workers_.end() ? nullptr : &it->second;
}

int WorkerRoster::here() const {
  return std::accumulate(counts_.begin(), counts_.begin() + static_cast<std::ptrdiff_t>(State::stuck), 0);
}

void WorkerRoster::set_state(Rank rank, State state) {
  auto& worker = at(rank);
  --counts_.at(static_cast<std::size_t>(worker.state));
  ++counts_.at(static_cast<std::size_t>(state));
  if (worker.state == State::idle) idle_.erase(rank);
  if (state == State::idle) idle_.emplace(rank, &worker);
  worker.state = state;
}

bool WorkerRoster::heard(Rank rank, double now_s) {
  auto& worker = at(rank);
  worker.last_heard_s = now_s;
  if (worker.state != State::lost) return false;
  set_state(rank, worker.task ? State::overdue : State::idle);
  return true;
}

void WorkerRoster::greet(Rank rank, const std::string& host, const std::string& device, const std::string& meter) {
  auto& worker = at(rank);
  worker.host = host;
  if (!device.empty()) worker.device = device, worker.meter = meter;
  if (worker.state == State::unheard) set_state(rank, State::idle);
}

void WorkerRoster::give(Rank rank, TaskId task, double now_s, int parts) {
  auto& worker = at(rank);
  set_state(rank, State::busy);
  worker.task = task;
  worker.since_s = now_s;
  worker.parts = parts;
  worker.share = 0;
  worker.cancelled = false;
}

void WorkerRoster::answered(Rank rank) {
  auto& worker = at(rank);
  worker.task.reset();
  worker.share = 0;
  worker.cancelled = false;
  if (worker.state != State::set_aside) set_state(rank, State::idle);
}

bool WorkerRoster::is_placed() const {
  const auto awaited = [](const auto& w) { return w.second.here() && w.second.device.empty(); };
  return std::ranges::none_of(workers_, awaited) && here() > 0;
}

void WorkerRoster::absolve(TaskId task) {
  for (auto& [rank, worker] : workers_) worker.failures.erase(task);
}

std::vector<Rank> WorkerRoster::silent(double lease_s, double now_s) const {
  std::vector<Rank> ranks;
  for (const auto& [rank, worker] : workers_)
    if (worker.state <= State::stuck && now_s - worker.last_heard_s > lease_s) ranks.push_back(rank);
  return ranks;
}

void WorkerRoster::forgive(double seconds) {
  for (auto& [rank, worker] : workers_) {
    worker.last_heard_s += seconds;
    worker.since_s += seconds;
  }
}

bool WorkerRoster::in_hands(TaskId task) const {
  return std::ranges::any_of(workers_,
                             [&](const auto& w) { return w.second.state == State::busy && w.second.task == task; });
}

}  // namespace harmonic
