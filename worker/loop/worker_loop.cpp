#include "worker/loop/worker_loop.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "proto/tags.hpp"

namespace harmonic {

struct WorkerLoop::Desk {
  Rank rank;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> to_do;
  std::deque<Result> done;
  bool closing = false;
  bool computing = true;  ///< from the start: the evaluator is being made

  void compute(const EvaluatorFactory& make);
};

namespace {

/// Stands in for an evaluator that could not be made.
class Unable final : public Evaluator {
 public:
  explicit Unable(Failure failure) : failure_(std::move(failure)) {}
  [[nodiscard]] Outcome evaluate(const Work&, const WorkHooks&) override { return failure_; }

 private:
  Failure failure_;
};

/// The exception under way, as a failure of its kind.
Failure failure_now() {
  try {
    throw;
  } catch (const CandidateError& e) {
    return {e.what(), FailureKind::candidate};
  } catch (const InputError& e) {
    return {e.what(), FailureKind::input};
  } catch (const std::exception& e) {
    return {e.what(), FailureKind::worker};
  }
}

std::unique_ptr<Evaluator> make_or_excuse(const EvaluatorFactory& make) try {
  return make();
} catch (const std::exception&) {
  return std::make_unique<Unable>(failure_now());
}

Outcome evaluate_safely(Evaluator& evaluator, const Work& work) try {
  return evaluator.evaluate(work, {});
} catch (const std::exception&) {
  return failure_now();
}

}  // namespace

void WorkerLoop::Desk::compute(const EvaluatorFactory& make) {
  const auto evaluator = make_or_excuse(make);
  const Clock clock = steady_clock();
  std::unique_lock lock(mutex);
  while (true) {
    computing = false;
    changed.wait(lock, [&] { return closing || !to_do.empty(); });
    if (closing) return;
    computing = true;
    const Task task = std::move(to_do.front());
    to_do.pop_front();
    lock.unlock();
    const double start = clock();
    Outcome outcome = evaluate_safely(*evaluator, task.work);
    const double seconds = clock() - start;
    lock.lock();
    done.push_back({task.id, rank, seconds, std::move(outcome)});
  }
}

Hello make_hello(Rank rank, const std::function<std::uint64_t()>& settings_hash) {
  Hello hello{rank, std::string(256, '\0'), getpid(), 0, ""};
  if (gethostname(hello.host.data(), hello.host.size() - 1) != 0) hello.host = "unknown";
  hello.host.resize(hello.host.find_first_of('\0') == std::string::npos ? hello.host.size()
                                                                        : hello.host.find_first_of('\0'));
  try {
    hello.settings_hash = settings_hash();
  } catch (const InputError& e) {
    hello.problem = e.what();
  }
  return hello;
}

WorkerLoop::WorkerLoop(Mailbox& mailbox, const Hello& hello, EvaluatorFactory make, WorkerLoopOptions options)
    : mailbox_(mailbox), rank_(hello.rank), options_(std::move(options)), desk_(std::make_shared<Desk>()) {
  last_beat_ = master_heard_ = options_.clock();
  desk_->rank = rank_;
  send(hello);
  if (!hello.problem.empty()) {
    desk_->computing = false;
    return;
  }
  computer_ = std::thread([desk = desk_, make = std::move(make)] { desk->compute(make); });
}

WorkerLoop::~WorkerLoop() {
  bool computing = false;
  {
    const std::lock_guard lock(desk_->mutex);
    desk_->closing = true;
    computing = desk_->computing;
  }
  desk_->changed.notify_all();
  if (!computer_.joinable()) return;
  if (computing) {
    computer_.detach();
  } else {
    computer_.join();
  }
}

void WorkerLoop::send(const Envelope& envelope) {
  try {
    mailbox_.post(kMasterRank, kToMaster, encode(envelope));
  } catch (const RunError& e) {
    log::debug("worker {}: the master cannot be reached: {}", rank_.value, e.what());
    master_lost_ = true;
  }
}

void WorkerLoop::poll() {
  if (finished()) return;
  const double now = options_.clock();
  while (const auto message = mailbox_.try_receive(kToWorker)) {
    const auto envelope = decode_envelope(message->bytes);
    if (!envelope || message->source != kMasterRank) continue;
    master_heard_ = now;
    if (const auto* task = std::get_if<Task>(&*envelope)) {
      const std::lock_guard lock(desk_->mutex);
      desk_->to_do.push_back(*task);
      desk_->changed.notify_all();
    } else if (const auto* stop = std::get_if<Stop>(&*envelope)) {
      stopped_ = true;
      rank_lost_ = stop->worker_lost;
      return;
    }
  }
  std::deque<Result> done;
  {
    const std::lock_guard lock(desk_->mutex);
    done.swap(desk_->done);
  }
  for (const auto& result : done) send(result);
  if (now - last_beat_ >= options_.heartbeat_s) {
    last_beat_ = now;
    send(Heartbeat{rank_});
  }
  if (now - master_heard_ > options_.master_silence_s) master_lost_ = true;
}

void WorkerLoop::run() {
  while (!finished()) {
    poll();
    pause_briefly();
  }
}

}  // namespace harmonic
