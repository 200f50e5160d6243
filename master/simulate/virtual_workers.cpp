#include "master/simulate/virtual_workers.hpp"

#include <ctime>

#include "core/base/error.hpp"
#include "proto/codec.hpp"
#include "proto/tags.hpp"

namespace harmonic {
namespace {

constexpr double kPoll_s = 2e-3;   // between two looks of a master that waits
constexpr double kLease_s = 1e12;  // no one of them ever falls silent

/// Adds what the thread computes in its life.
class OwnTime {
 public:
  explicit OwnTime(double& sum) : sum_(sum), start_s_(thread_cpu_s()) {}
  ~OwnTime() { sum_ += thread_cpu_s() - start_s_; }
  OwnTime(const OwnTime&) = delete;
  OwnTime& operator=(const OwnTime&) = delete;

 private:
  double& sum_;
  double start_s_;
};

}  // namespace

double thread_cpu_s() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

VirtualWorkers::VirtualWorkers(int workers, std::uint64_t settings_hash, Answer answer, Seconds seconds)
    : workers_(workers), answer_(std::move(answer)), seconds_(std::move(seconds)) {
  for (int w = 1; w <= workers; ++w) say(Rank{w}, encode(Hello{Rank{w}, "virtual", w, settings_hash, ""}));
}

void VirtualWorkers::set(RunHooks& hooks) {
  hooks.clock = clock();
  hooks.is_real_time = false;
  hooks.idle = [this] { pass_time(); };
  hooks.pause = [] {};
  hooks.lease_s = kLease_s;
}

void VirtualWorkers::post(Rank to, int tag, Bytes bytes) {
  const OwnTime own(own_cpu_s_);
  const auto envelope = decode_envelope(bytes);
  if (tag != kToWorker || !envelope) return;
  if (const auto* task = std::get_if<Task>(&*envelope)) {
    take(to, *task);
  } else if (const auto* cancel = std::get_if<Cancel>(&*envelope)) {
    const auto under_way = at_work_.find(to);
    if (under_way == at_work_.end() || under_way->second.id != cancel->task) return;
    at_work_.erase(under_way);
    say(to, encode(Result{cancel->task, to, 0, Failure{Cancelled().what()}, "virtual"}));
  } else if (std::holds_alternative<Stop>(*envelope)) {
    say(to, encode(Goodbye{to}));
  }
}

void VirtualWorkers::take(Rank worker, const Task& task) {
  const double seconds = seconds_(task.work);
  events_.push({now_s_ + seconds, worker, task.id, seconds});
  at_work_.insert_or_assign(worker, task);
}

std::optional<Message> VirtualWorkers::try_receive(int tag) {
  if (tag != kToMaster || inbox_.empty()) return std::nullopt;
  auto message = std::move(inbox_.front());
  inbox_.pop_front();
  return message;
}

void VirtualWorkers::pass_time() {
  const OwnTime own(own_cpu_s_);
  if (!inbox_.empty()) return;
  if (events_.empty()) {
    now_s_ += 1;  // whoever waits for nothing waits for its time to be over
    return;
  }
  now_s_ = events_.top().at_s + kPoll_s;
  while (!events_.empty() && events_.top().at_s <= now_s_) {
    const Event event = events_.top();
    events_.pop();
    const auto under_way = at_work_.find(event.worker);
    if (under_way == at_work_.end() || under_way->second.id != event.task) continue;  // cancelled
    Outcome outcome;
    try {
      outcome = answer_(under_way->second.work);
    } catch (const CandidateError& e) {
      outcome = Failure{e.what(), FailureKind::candidate};
    } catch (const InputError& e) {
      outcome = Failure{e.what(), FailureKind::input};
    }
    at_work_.erase(under_way);
    say(event.worker, encode(Result{event.task, event.worker, event.seconds, std::move(outcome), "virtual"}));
  }
}

}  // namespace harmonic
