#include "master/dispatch/dispatcher.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "master/dispatch/placement_table.hpp"
#include "proto/tags.hpp"

namespace harmonic {

using State = WorkerEntry::State;

namespace {

constexpr double kLooks = 100;  // at every worker, in a lease or a deadline: of a thousand each look takes its time

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
  refused_.clear();
  on_result_ = &on_result;
  told_ = false;
  fresh_ = true;
  add(std::move(jobs));
  std::optional<double> stops_by_s;
  while (!open_.empty()) {
    if (!stops_by_s && stop()) {
      stops_by_s = options_.clock() + options_.grace_s;
      if (is_worth_waiting(*stops_by_s))
        log::info("stopping: no more work is dealt, and what ends within {} is waited for",
                  human_duration(options_.grace_s));
    }
    if (stops_by_s && (hurry_() || !is_worth_waiting(*stops_by_s))) return End::stopped;
    const bool heard = receive();
    watch();
    if (!stops_by_s) deal();
    gather();
    if (!stops_by_s) refill();
    if (!heard && !open_.empty()) {
      idle_();
      options_.pause();
    }
  }
  return End::finished;
}

void Dispatcher::add(std::vector<Job> jobs) {
  for (auto& job : jobs) {
    queue_.insert({job.expected_cost, job.task.id});
    const TaskId id = job.task.id;
    open_.emplace(id, Open{std::move(job)});
  }
}

void Dispatcher::gather() {
  if (std::exchange(told_, false)) gathered_();
}

void Dispatcher::refill() {
  if (!supply_ || !queue_.empty() || !fresh_) return;
  const auto free = std::ranges::count_if(
      roster_.idle(), [&](const auto& idle) { return !is_quiet(*idle.second) && may_work(*idle.second); });
  if (free == 0) return;
  fresh_ = false;
  add(supply_(static_cast<int>(free)));
  deal();
  dealt_more_();
}

/// Whether a worker is at something that is expected to end by then: as its share tells that is done, else as such work
/// took before. What nothing is known of may end at any time.
bool Dispatcher::is_worth_waiting(double until_s) const {
  constexpr double kTellingShare = 0.05;
  const double now = options_.clock();
  return now < until_s && std::ranges::any_of(roster_.workers(), [&](const auto& entry) {
           const auto& worker = entry.second;
           if (worker.state != State::busy || worker.cancelled) return false;
           const auto open = open_.find(*worker.task);
           if (open == open_.end()) return false;
           const double elapsed = now - worker.since_s;
           const double whole =
               worker.share > kTellingShare ? elapsed / worker.share : expected_s_(open->second.job.task.work);
           return std::max(0.0, whole - elapsed) <= until_s - now;
         });
}

bool Dispatcher::stop_workers() {
  const auto missing = [](const auto& w) { return !w.second.said_goodbye; };
  const auto awaited = [&](const auto& w) { return missing(w) && w.second.state != State::lost; };
  const auto& workers = roster_.workers();
  if (stopping_) return std::ranges::none_of(workers, missing);
  stopping_ = true;
  const bool one_lost = roster_.count(State::lost) > 0;
  for (const auto& [rank, worker] : workers) send(rank, Stop{one_lost});
  for (const double start = options_.clock();
       std::ranges::any_of(workers, awaited) && options_.clock() - start < options_.farewell_s;) {
    if (receive()) continue;
    idle_();
    options_.pause();
  }
  for (const auto& worker : workers)
    if (awaited(worker))
      log::warning("worker {} has not said goodbye: it is left behind", worker.second.name(worker.first));
  return std::ranges::none_of(workers, missing);
}

int Dispatcher::workers_busy() const {
  return roster_.count(State::busy) + roster_.count(State::overdue);
}

double Dispatcher::parts_under_way() const {
  double parts = 0;
  for (const auto& [rank, worker] : roster_.workers())
    if (worker.state == State::busy && open_.contains(*worker.task)) parts += worker.share * worker.parts;
  return parts;
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
  if (worker == nullptr) return;
  const auto envelope = decode_envelope(message.bytes);
  const auto* goodbye = envelope ? std::get_if<Goodbye>(&*envelope) : nullptr;
  if (stopping_) {  // the rest counts no more
    if (goodbye != nullptr) roster_.at(from).said_goodbye |= !goodbye->reason;
    return;
  }
  if (worker->state == State::set_aside) return;
  const bool was_away = worker->state == State::lost || is_quiet(*worker);
  fresh_ = fresh_ || was_away;  // it may work again
  if (roster_.heard(from, options_.clock())) log::info("worker {} is back", worker->name(from));
  if (goodbye != nullptr) {
    handle(from, *goodbye);
  } else if (const auto* hello = envelope ? std::get_if<Hello>(&*envelope) : nullptr; hello != nullptr) {
    handle(from, *hello);
  } else if (const auto* beat = envelope ? std::get_if<Heartbeat>(&*envelope) : nullptr; beat != nullptr) {
    handle(from, *beat);
  } else if (const auto* result = envelope ? std::get_if<Result>(&*envelope) : nullptr; result != nullptr) {
    handle(from, *result);
  } else {
    set_aside(from, {"it sent bytes that are no message"});
  }
}

void Dispatcher::handle(Rank from, const Hello& hello) {
  fresh_ = true;
  roster_.greet(from, hello.host, hello.device, hello.meter);
  if (!hello.problem.empty()) {
    set_aside(from, {hello.problem, FailureKind::input});
  } else if (hello.settings_hash != settings_hash_) {
    set_aside(from,
              {"it runs with other settings, or files of other sizes, than rank 0; start every rank with the same "
               "command and the same files",
               FailureKind::input});
  }
}

void Dispatcher::handle(Rank from, const Heartbeat& beat) {
  roster_.at(from).share = beat.share;
}

void Dispatcher::handle(Rank from, const Goodbye& goodbye) {
  if (!goodbye.reason) return;
  set_aside(from, *goodbye.reason, goodbye.task && goodbye.task == roster_.at(from).task);
}

void Dispatcher::handle(Rank from, const Result& result) {
  fresh_ = true;
  auto& worker = roster_.at(from);
  if (worker.task != result.task)
    return set_aside(
        from, {fmt::format("it answers task {}, which it was not given, or has answered before", result.task.value)});
  const bool cancelled = worker.cancelled;
  if (worker.state == State::stuck) log::info("worker {} is back", worker.name(from));
  roster_.answered(from);
  counts_.busy_s += result.seconds;
  const auto it = open_.find(result.task);
  if (it == open_.end()) return;  // another worker was faster
  Open& open = it->second;
  if (const auto why = answers_.why_nonsense(open.job.task.work, result.outcome); !why.empty()) {
    const auto reason = "it sent " + why;
    if (!roster_.in_hands(result.task)) task_lost(result.task, from, reason);
    return set_aside(from, {reason});
  }
  if (const auto* failure = std::get_if<Failure>(&result.outcome)) {
    if (!cancelled) failed(from, open, *failure);
    return;
  }
  ++worker.answers;
  worker.failures.clear();
  worker.outdone = false;
  for (const auto& [rank, failure] : open.failures) {
    if (!roster_.at(rank).failures.contains(result.task)) continue;
    roster_.at(rank).outdone = true;
    blame_if_outdone(rank);
  }
  close(result.task, result);
}

void Dispatcher::failed(Rank from, Open& open, const Failure& failure) {
  if (options_.believe_input_faults && failure.kind == FailureKind::input) throw InputError(failure.message, "");
  const Task& task = open.job.task;
  auto& worker = roster_.at(from);
  log::warning("task {} ({}) failed on worker {}: {}", task.id.value, describe(task.work), worker.name(from),
               failure.message);
  const Result result{task.id, from, 0, failure, worker.host};
  const bool of_candidate = failure.kind == FailureKind::candidate;
  if (of_candidate && parts_of(task.work) > 1) return close(task.id, result);  // each part is asked for alone

  ++open.tries;
  open.failures.insert_or_assign(from, failure);
  worker.failures.insert(task.id);
  worker.reason = failure;
  blame_if_outdone(from);
  const bool hope = std::ranges::any_of(
      roster_.workers(), [&](const auto& w) { return may_work(w.second) && !open.failures.contains(w.first); });
  // It may be the node that computes what is not finite: one more is asked.
  const auto agreed =
      std::ranges::count_if(open.failures, [](const auto& f) { return f.second.kind == FailureKind::candidate; });
  if (of_candidate && (agreed > 1 || (!hope && !roster_.in_hands(task.id)))) {
    roster_.absolve(task.id);
    return close(task.id, result);
  }
  if (roster_.in_hands(task.id)) return tell_retry(open, from, failure.message);
  const auto blames_input = [](const auto& f) { return f.second.kind == FailureKind::input; };
  if (!hope && std::ranges::all_of(open.failures, blames_input)) {
    const std::string why = failure.message;  // which may be of `open`
    close(task.id, result);
    throw InputError(why, "");
  }
  const auto sound = std::ranges::count_if(
      open.failures, [&](const auto& f) { return !blames_input(f) && is_sound(roster_.at(f.first)); });
  if (open.tries >= options_.max_failures && (!hope || sound >= options_.max_failures)) {
    roster_.absolve(task.id);
    refused_.insert(task.id);
    return close(task.id, result);
  }
  requeue(open, from, failure.message);
}

bool Dispatcher::is_trusted(const WorkerEntry& worker) const {
  return worker.here() && static_cast<int>(worker.failures.size()) < options_.max_in_a_row;
}

/// Those that failed again and again wait for what the others say of it, as long as there are others.
bool Dispatcher::may_work(const WorkerEntry& worker) const {
  return is_trusted(worker) || (worker.here() && std::ranges::none_of(roster_.workers(), [this](const auto& w) {
                                  return is_trusted(w.second);
                                }));
}

/// Whether it is known to do other work well, so that what it cannot do is not its own fault. Where all fail at
/// everything it is no worker's.
bool Dispatcher::is_sound(const WorkerEntry& worker) const {
  if (!may_work(worker) || worker.outdone) return false;
  return worker.answers > 0 || !is_trusted(worker);
}

void Dispatcher::blame_if_outdone(Rank rank) {
  const auto& worker = roster_.at(rank);
  if (!worker.here() || !worker.outdone || is_trusted(worker)) return;
  set_aside(rank, {fmt::format("{} pieces of work in a row failed there, the last one: {}", worker.failures.size(),
                               worker.reason.message),
                   worker.reason.kind});
}

void Dispatcher::watch() {
  const double now = options_.clock();
  // Whoever was suspended as a whole job, or wrote a large file for long, must not blame the workers for it.
  if (const double away = now - last_watch_s_; away > options_.lease_s / 4) {
    roster_.forgive(away);
    fresh_ = true;
  }
  counts_.there_s += (now - last_watch_s_) * roster_.here();
  last_watch_s_ = now;
  if (now - last_look_s_ >= std::min(options_.lease_s, options_.deadline_s) / kLooks) look_at_each(now);
  tell_placement();
  if (roster_.here() == 0 && !open_.empty()) no_worker_left();
}

void Dispatcher::look_at_each(double now_s) {
  last_look_s_ = now_s;
  for (const Rank rank : roster_.silent(options_.lease_s, now_s))
    lose(rank, fmt::format("has {} for {}", roster_.at(rank).state == State::unheard ? "not said hello" : "been silent",
                           human_duration(options_.lease_s)));
  watch_deadlines(now_s);
}

/// Once, when the last of them is ready: of several workers who is where; and if nobody's energy can be told.
void Dispatcher::tell_placement() {
  if (placement_told_ || !roster_.is_placed()) return;
  placement_told_ = true;
  if (roster_.workers().size() > 1) log::info("{}", placement_table(roster_.workers()));
  if (std::ranges::all_of(roster_.workers(), [](const auto& w) { return w.second.meter.empty(); }))
    log::info("energy is not measured: there is no meter that a worker may read (RAPL, NVML, rails of a Jetson)");
}

void Dispatcher::watch_deadlines(double now_s) {
  for (const auto& [rank, worker] : roster_.workers()) {
    if (worker.state != State::busy && worker.state != State::overdue) continue;
    const double deadlines = worker.deadlines(options_.deadline_s, now_s);
    if (worker.state == State::busy && deadlines > 1) {
      roster_.set_state(rank, State::overdue);
      task_late(*worker.task, rank);
    } else if (worker.state == State::overdue && deadlines > 2) {
      if (!worker.cancelled) {
        cancel(rank);
        give_up_if_nobody_works_on(*worker.task, rank);
      }
      if (now_s - worker.since_s > 2 * options_.deadline_s * worker.parts + options_.lease_s) {
        log::warning("worker {} is stuck over task {}: it gets no more until it answers", worker.name(rank),
                     worker.task->value);
        gone(rank, State::stuck, {fmt::format("is stuck over task {}", worker.task->value)});
      }
    }
  }
}

void Dispatcher::no_worker_left() const {
  std::vector<std::string> why;
  bool input = true;
  for (const auto& [rank, worker] : roster_.workers()) {
    const bool aside = worker.state == State::set_aside;
    input &= aside && worker.reason.kind == FailureKind::input;
    if (aside) why.push_back(fmt::format("rank {}: {}", worker.name(rank), worker.reason.message));
  }
  if (input) throw InputError(why.size() > 1 ? why.front() : roster_.workers().begin()->second.reason.message, "");
  throw RunError(fmt::format("no worker is left{}; what was finished is on disk: start again with --resume",
                             why.empty() ? "" : fmt::format(" ({})", join(why, "; "))));
}

/// Half its lease has gone by without a word: it may be gone with the node whose other worker has just been lost, and
/// work that it got now would have cost two workers.
bool Dispatcher::is_quiet(const WorkerEntry& worker) const {
  return options_.clock() - worker.last_heard_s > options_.lease_s / 2;
}

void Dispatcher::deal() {
  for (auto next = roster_.idle().begin(); next != roster_.idle().end() && !queue_.empty();) {
    const auto [rank, worker] = *next++;  // who gets something is idle no more
    if (is_quiet(*worker)) continue;
    const Order* chosen = choose_for(rank);
    if (chosen == nullptr) continue;
    const TaskId id = chosen->id;
    queue_.erase(*chosen);
    const Task& task = open_.at(id).job.task;
    log::trace("worker {} gets {}", rank.value, describe(task.work));
    open_.at(id).given.push_back(rank);
    roster_.give(rank, id, options_.clock(), parts_of(task.work));
    send(rank, task);
  }
}

/// The most expensive that it may have. A worker that has just failed at something rather gets what nobody has failed
/// at: that tells which of the two is to blame.
const Dispatcher::Order* Dispatcher::choose_for(Rank rank) const {
  const auto& worker = roster_.at(rank);
  if (!may_work(worker)) return nullptr;
  const auto nobody_else = [&](const Open& open) {
    return std::ranges::all_of(roster_.workers(),
                               [&](const auto& w) { return !may_work(w.second) || open.avoid.contains(w.first); });
  };
  const Order* second_choice = nullptr;
  for (const auto& order : queue_) {
    const Open& open = open_.at(order.id);
    if (open.avoid.contains(rank) && !nobody_else(open)) continue;
    if (worker.failures.empty() || open.failures.empty()) return &order;
    if (second_choice == nullptr) second_choice = &order;
  }
  return second_choice;
}

void Dispatcher::send(Rank to, const Envelope& envelope) {
  try {
    mailbox_.post(to, kToWorker, encode(envelope));
  } catch (const RunError& e) {
    // The silence that follows will cost the worker its lease.
    log::debug("a message to worker {} did not leave: {}", to.value, e.what());
  }
}

void Dispatcher::cancel(Rank rank) {
  auto& worker = roster_.at(rank);
  worker.cancelled = true;
  send(rank, Cancel{*worker.task});
}

void Dispatcher::lose(Rank rank, const std::string& why) {
  auto& worker = roster_.at(rank);
  const bool was_working = worker.state == State::busy;
  log::warning("worker {} {}: it is lost", worker.name(rank), why);
  gone(rank, State::lost, {why});
  if (was_working) return task_lost(*worker.task, rank, why);
  if (worker.task) give_up_if_nobody_works_on(*worker.task, rank);
}

void Dispatcher::set_aside(Rank rank, Failure reason, bool over_its_task) {
  auto& worker = roster_.at(rank);
  log::warning("worker {} is set aside: {}", worker.name(rank), reason.message);
  gone(rank, State::set_aside, std::move(reason));
  if (!worker.task) return;
  const auto it = open_.find(*std::exchange(worker.task, std::nullopt));
  if (it == open_.end() || roster_.in_hands(it->first)) return;
  if (over_its_task) return task_lost(it->first, rank, worker.reason.message);
  requeue(it->second, rank, worker.reason.message);
}

void Dispatcher::gone(Rank rank, State state, Failure reason) {
  auto& worker = roster_.at(rank);
  const bool was_here = worker.here();
  roster_.set_state(rank, state);
  worker.reason = std::move(reason);
  fresh_ = true;          // others may work once it is gone (may_work)
  if (!was_here) return;  // it counts already
  ++counts_.lost_workers;
  const auto kind = state == State::set_aside ? Setback::Kind::set_aside : Setback::Kind::lost;
  hear_setback_({kind, nullptr, rank, worker.host, worker.reason.message});
}

void Dispatcher::task_lost(TaskId id, Rank worker, const std::string& why) {
  const auto it = open_.find(id);
  if (it == open_.end() || roster_.in_hands(id)) return;
  Open& open = it->second;
  if (++open.losses < options_.max_losses) {
    log::warning("task {} is dealt again: {}", id.value, describe(open.job.task.work));
    return requeue(open, worker, why);
  }
  log::warning("task {} is set aside: it lost {} workers; {}", id.value, open.losses, describe(open.job.task.work));
  close(id, {id, worker, 0, Failure{fmt::format("lost {} workers, the last one: {}", open.losses, why)},
             roster_.at(worker).host});
}

void Dispatcher::task_late(TaskId id, Rank worker) {
  const auto it = open_.find(id);
  if (it == open_.end()) return;
  const auto why = fmt::format("no answer within the deadline of {}",
                               human_duration(options_.deadline_s * roster_.at(worker).parts));
  log::warning("worker {}: {} to task {}; if tasks take so long, raise --deadline", roster_.at(worker).name(worker),
               why, id.value);
  if (roster_.in_hands(id) || ++it->second.overtimes >= options_.max_overtimes) return;
  requeue(it->second, worker, why);
}

void Dispatcher::give_up_if_nobody_works_on(TaskId id, Rank last) {
  const auto it = open_.find(id);
  if (it == open_.end() || it->second.overtimes < options_.max_overtimes) return;
  const auto works_on_it = [&](const auto& w) { return w.second.here() && w.second.task == id && !w.second.cancelled; };
  if (std::ranges::any_of(roster_.workers(), works_on_it)) return;
  log::warning("task {} is given up: {}", id.value, describe(it->second.job.task.work));
  refused_.insert(id);
  close(id, {id, last, 0,
             Failure{fmt::format("it took longer than twice the deadline of {}, {} times; raise --deadline",
                                 human_duration(options_.deadline_s), it->second.overtimes)},
             roster_.at(last).host});
}

void Dispatcher::tell_retry(const Open& open, Rank worker, const std::string& why) const {
  hear_setback_({Setback::Kind::retry, &open.job.task, worker, roster_.at(worker).host, why});
}

void Dispatcher::requeue(Open& open, Rank avoid, const std::string& why) {
  tell_retry(open, avoid, why);
  open.avoid.insert(avoid);
  ++counts_.retried;
  queue_.insert({open.job.expected_cost, open.job.task.id});
}

void Dispatcher::close(TaskId id, const Result& result) {
  const auto node = open_.extract(id);
  const Job& job = node.mapped().job;
  queue_.erase({job.expected_cost, id});
  for (const Rank rank : node.mapped().given)
    if (const auto& worker = roster_.at(rank); worker.task == id && !worker.cancelled) cancel(rank);
  ++counts_.done;
  if (std::holds_alternative<Failure>(result.outcome)) ++counts_.failed;
  told_ = fresh_ = true;
  (*on_result_)(job.task, result);
}

}  // namespace harmonic
