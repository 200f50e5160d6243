#include "master/dispatcher.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/work/answer_check.hpp"
#include "proto/tags.hpp"

namespace harmonic {
namespace {

using State = WorkerEntry::State;
constexpr double kBeat_s = 1;      // the master's own signs of life
constexpr double kFarewell_s = 2;  // to wait for the last messages to leave

std::vector<Rank> workers_of(const Mailbox& mailbox) {
  std::vector<Rank> workers;
  for (int r = 0; r < mailbox.size(); ++r)
    if (Rank{r} != mailbox.rank() || mailbox.size() == 1) workers.push_back(Rank{r});
  return workers;
}

}  // namespace

Dispatcher::Dispatcher(Mailbox& mailbox, DispatchOptions options, std::function<void()> idle)
    : mailbox_(mailbox),
      options_(std::move(options)),
      idle_(std::move(idle)),
      roster_(workers_of(mailbox), options_.clock()),
      last_watch_s_(options_.clock()) {}

Dispatcher::~Dispatcher() {
  try {
    stop_workers();
  } catch (const std::exception& e) {
    log::warning("the workers could not be told to stop: {}", e.what());
  }
}

Dispatcher::End Dispatcher::run(std::vector<Job> jobs, const OnResult& on_result, const std::function<bool()>& stop) {
  open_.clear();
  queue_.clear();
  on_result_ = &on_result;
  for (auto& job : jobs) {
    queue_.insert({job.expected_cost, job.task.id});
    const TaskId id = job.task.id;
    open_.emplace(id, Open{std::move(job), 0, 0, {}});
  }
  while (!open_.empty()) {
    if (stop()) return End::stopped;
    const bool heard = receive();
    watch();
    deal();
    beat();
    if (!heard && !open_.empty()) {
      idle_();
      pause_briefly();
    }
  }
  return End::finished;
}

bool Dispatcher::stop_workers() {
  const bool whole = roster_.here() == static_cast<int>(roster_.workers().size());
  if (stopped_) return whole;
  stopped_ = true;
  for (const auto& [rank, worker] : roster_.workers()) send(rank, Stop{!whole});
  const double start = options_.clock();
  while (!mailbox_.all_sent() && options_.clock() - start < kFarewell_s) pause_briefly();
  return whole;
}

int Dispatcher::workers_busy() const {
  return roster_.count(State::busy) + roster_.count(State::overdue);
}

bool Dispatcher::receive() {
  bool heard = false;
  while (const auto message = mailbox_.try_receive(kToMaster)) {
    heard = true;
    handle(*message);
  }
  return heard;
}

void Dispatcher::handle(const Message& message) {
  const Rank from = message.source;
  const WorkerEntry* worker = roster_.find(from);
  if (worker == nullptr || worker->state == State::refused) return;
  const auto envelope = decode_envelope(message.bytes);
  const auto* hello = envelope ? std::get_if<Hello>(&*envelope) : nullptr;
  const auto* result = envelope ? std::get_if<Result>(&*envelope) : nullptr;
  const auto* alive = envelope ? std::get_if<Heartbeat>(&*envelope) : nullptr;
  if (hello == nullptr && result == nullptr && alive == nullptr)
    return lose(from, "sent bytes that are no message", State::refused);
  if (roster_.heard(from, options_.clock())) log::info("worker {} on {} is back", from.value, worker->host);
  if (hello != nullptr) handle(from, *hello);
  if (result != nullptr) handle(from, *result);
}

void Dispatcher::handle(Rank from, const Hello& hello) {
  if (!hello.problem.empty())
    throw InputError(fmt::format("rank {} on {}: {}", from.value, hello.host, hello.problem), "");
  if (hello.settings_hash != settings_hash_)
    throw InputError(
        fmt::format("rank {} on {} runs with other settings, data or weights than rank 0", from.value, hello.host),
        "start every rank with the same command and the same files");
  roster_.greet(from, hello.host);
}

void Dispatcher::handle(Rank from, const Result& result) {
  if (!dealt_.contains(result.task))
    return lose(from, fmt::format("answers task {}, which it was never given", result.task.value), State::refused);
  if (roster_.find(from)->task == result.task) {
    roster_.answered(from);
    counts_.busy_s += result.seconds;
  }
  const auto it = open_.find(result.task);
  if (it == open_.end()) return;  // another worker was faster
  Open& open = it->second;
  if (const auto why = why_nonsense(open.job.task.work, result.outcome); !why.empty()) {
    lose(from, "sent " + why, State::refused);
    if (!roster_.in_hands(result.task)) task_lost(result.task, from, "nonsense");
    return;
  }
  if (const auto* failure = std::get_if<Failure>(&result.outcome)) {
    if (failure->kind == FailureKind::input) throw InputError(failure->message, "");
    log::warning("task {} failed on worker {}: {}", result.task.value, from.value, failure->message);
    if (++open.failures < options_.max_failures) {
      if (!roster_.in_hands(result.task)) requeue(open, from);
      return;
    }
  }
  close(result.task, result);
}

void Dispatcher::watch() {
  const double now = options_.clock();
  // Whoever was suspended as a whole job, or wrote a large file for long, must not blame the workers for it.
  if (const double away = now - last_watch_s_; away > options_.lease_s / 4) roster_.forgive(away);
  last_watch_s_ = now;
  for (const Rank rank : roster_.silent(options_.lease_s, now))
    lose(rank, fmt::format("has been silent for {}", human_duration(options_.lease_s)), State::lost);
  for (const Rank rank : roster_.slower_than(2 * options_.deadline_s, State::overdue, now))
    lose(rank, "is stuck", State::refused);
  for (const Rank rank : roster_.slower_than(options_.deadline_s, State::busy, now)) {
    const TaskId task = *roster_.find(rank)->task;
    log::warning("worker {} on {} has not answered task {} for {}; if tasks take so long, raise --deadline", rank.value,
                 roster_.find(rank)->host, task.value, human_duration(options_.deadline_s * roster_.find(rank)->parts));
    roster_.mark(rank, State::overdue);
    task_lost(task, rank, "deadline");
  }
  if (roster_.here() == 0 && !open_.empty())
    throw RunError("no worker is left; what was finished is in the journal: start again with --resume");
}

void Dispatcher::deal() {
  for (const auto& [rank, worker] : roster_.workers()) {
    if (worker.state != State::idle) continue;
    const Order* chosen = choose_for(rank);
    if (chosen == nullptr) continue;
    const TaskId id = chosen->id;
    queue_.erase(*chosen);
    dealt_.insert(id);
    log::debug("worker {} gets {}", rank.value, describe(open_.at(id).job.task.work));
    roster_.give(rank, id, options_.clock(), parts_of(open_.at(id).job.task.work));
    send(rank, open_.at(id).job.task);
  }
}

const Dispatcher::Order* Dispatcher::choose_for(Rank worker) const {
  const auto nobody_else = [&](const Open& open) {
    return std::ranges::all_of(roster_.workers(),
                               [&](const auto& w) { return !w.second.here() || open.avoid.contains(w.first); });
  };
  for (const auto& order : queue_) {
    const Open& open = open_.at(order.id);
    if (!open.avoid.contains(worker) || nobody_else(open)) return &order;
  }
  return nullptr;
}

void Dispatcher::beat() {
  const double now = options_.clock();
  if (now - last_beat_s_ < kBeat_s) return;
  last_beat_s_ = now;
  for (const auto& [rank, worker] : roster_.workers())
    if (worker.here()) send(rank, Heartbeat{mailbox_.rank()});
}

void Dispatcher::send(Rank to, const Envelope& envelope) {
  try {
    mailbox_.post(to, kToWorker, encode(envelope));
  } catch (const RunError& e) {
    // The silence that follows will cost the worker its lease.
    log::debug("a message to worker {} did not leave: {}", to.value, e.what());
  }
}

void Dispatcher::lose(Rank rank, const std::string& why, State state) {
  const auto& worker = *roster_.find(rank);
  const bool was_working = worker.state == State::busy;
  log::warning("worker {}{} {}: it is lost", rank.value, worker.host.empty() ? "" : " on " + worker.host, why);
  ++counts_.lost_workers;
  roster_.mark(rank, state);
  if (was_working) task_lost(*worker.task, rank, why);
}

void Dispatcher::task_lost(TaskId id, Rank worker, const std::string& why) {
  const auto it = open_.find(id);
  if (it == open_.end() || roster_.in_hands(id)) return;
  Open& open = it->second;
  if (++open.losses < options_.max_losses) {
    log::warning("task {} is dealt again: {}", id.value, describe(open.job.task.work));
    return requeue(open, worker);
  }
  log::warning("task {} is set aside: it lost {} workers; {}", id.value, open.losses, describe(open.job.task.work));
  close(id, {id, worker, 0, Failure{fmt::format("lost {} workers, the last one: {}", open.losses, why)}});
}

void Dispatcher::requeue(Open& open, Rank avoid) {
  open.avoid.insert(avoid);
  ++counts_.retried;
  queue_.insert({open.job.expected_cost, open.job.task.id});
}

void Dispatcher::close(TaskId id, const Result& result) {
  const auto node = open_.extract(id);
  const Job& job = node.mapped().job;
  queue_.erase({job.expected_cost, id});
  ++counts_.done;
  if (std::holds_alternative<Failure>(result.outcome)) ++counts_.failed;
  (*on_result_)(job.task, result);
}

}  // namespace harmonic
