#include "worker/loop/worker_loop.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/overloaded.hpp"
#include "proto/tags.hpp"

namespace harmonic {

struct WorkerLoop::Exchange {
  Rank rank;
  std::string host;
  std::mutex mutex;
  std::condition_variable changed;
  std::condition_variable said;  ///< something to say, at last
  std::deque<Task> to_do;
  std::optional<TaskId> under_way;
  std::deque<Envelope> to_say;  ///< results, and why it can do no more
  bool closing = false;
  bool computing = true;  ///< from the start: the evaluator is being made
  std::atomic<double> share = 0;
  std::atomic<bool> cancelled = false;  ///< what is under way

  void compute(const EvaluatorFactory& make, Hello ready, const WorkerLoopOptions& options);
  void cancel(TaskId task);
  [[nodiscard]] Result result(TaskId task, double seconds, Outcome outcome,
                              std::optional<MeasuredEnergy> energy = {}) const {
    return {task, rank, seconds, std::move(outcome), host, energy};
  }
};

namespace {

constexpr std::chrono::milliseconds kBusyPause{20};

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

Outcome evaluate_safely(Evaluator& evaluator, const Work& work, const WorkHooks& hooks) try {
  return evaluator.evaluate(work, hooks);
} catch (const WorkerError&) {
  throw;
} catch (const std::exception&) {
  return failure_now();
}

/// What a meter has counted between two looks.
class EnergySince {
 public:
  explicit EnergySince(std::unique_ptr<EnergyMeter> meter) : meter_(std::move(meter)) { (void)take_j(); }

  [[nodiscard]] std::string name() const { return meter_ ? meter_->name() : std::string(); }
  /// Since the last call; 0 without a meter.
  [[nodiscard]] double take_j() {
    if (!meter_) return 0;
    const double now_mj = meter_->read_mj();
    return std::max(0.0, now_mj - std::exchange(last_mj_, now_mj)) / 1e3;
  }

 private:
  std::unique_ptr<EnergyMeter> meter_;
  double last_mj_ = 0;
};

}  // namespace

/// @param ready what it says once it is, with its device
void WorkerLoop::Exchange::compute(const EvaluatorFactory& make, Hello ready, const WorkerLoopOptions& options) try {
  const auto evaluator = make();
  EnergySince drawn(options.meter());
  ready.device = options.device();
  ready.meter = drawn.name();
  const Clock clock = steady_clock();
  WorkHooks hooks;
  hooks.progress = [this](double done) { share = std::clamp(done, 0.0, 1.0); };
  hooks.cancelled = [this] { return cancelled.load(); };
  std::unique_lock lock(mutex);
  if (!ready.device.empty()) to_say.emplace_back(ready);
  while (true) {
    computing = false;
    under_way.reset();
    share = 0;
    changed.wait(lock, [&] { return closing || !to_do.empty(); });
    if (closing) return;
    computing = true;
    cancelled = false;
    const Task task = std::move(to_do.front());
    to_do.pop_front();
    under_way = task.id;
    lock.unlock();
    const double waited_j = drawn.take_j();
    const double start = clock();
    Outcome outcome = evaluate_safely(*evaluator, task.work, hooks);
    const double seconds = clock() - start;
    std::optional<MeasuredEnergy> energy;
    if (!ready.meter.empty()) energy = {drawn.take_j(), waited_j};
    lock.lock();
    to_say.emplace_back(result(task.id, seconds, std::move(outcome), energy));
    said.notify_all();
  }
} catch (const std::exception&) {
  const std::lock_guard lock(mutex);
  to_say.emplace_back(Goodbye{rank, failure_now(), under_way});
  computing = false;
}

void WorkerLoop::Exchange::cancel(TaskId task) {
  const std::lock_guard lock(mutex);
  if (under_way == task) cancelled = true;
  if (std::erase_if(to_do, [&](const auto& waiting) { return waiting.id == task; }) > 0)
    to_say.emplace_back(result(task, 0, Failure{Cancelled().what()}));
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
    : mailbox_(mailbox), rank_(hello.rank), options_(std::move(options)), exchange_(std::make_shared<Exchange>()) {
  last_beat_ = master_heard_ = options_.clock();
  exchange_->rank = rank_;
  exchange_->host = hello.host;
  send(hello);
  if (!hello.problem.empty()) {
    exchange_->computing = false;
    return;
  }
  computer_ = std::thread([exchange = exchange_, make = std::move(make), hello, options = options_] {
    exchange->compute(make, hello, options);
  });
}

WorkerLoop::~WorkerLoop() {
  bool computing = false;
  {
    const std::lock_guard lock(exchange_->mutex);
    exchange_->closing = exchange_->cancelled = true;
    computing = exchange_->computing;
  }
  exchange_->changed.notify_all();
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

void WorkerLoop::take(const Envelope& envelope) {
  std::visit(Overloaded{[&](const Task& task) {
                          const std::lock_guard lock(exchange_->mutex);
                          exchange_->to_do.push_back(task);
                          exchange_->changed.notify_all();
                        },
                        [&](const Cancel& cancel) { exchange_->cancel(cancel.task); },
                        [&](const Stop& stop) {
                          stopped_ = true;
                          rank_lost_ = stop.worker_lost;
                          send(Goodbye{rank_});
                        },
                        [](const auto&) {}},
             envelope);
}

void WorkerLoop::report() {
  std::deque<Envelope> to_say;
  {
    const std::lock_guard lock(exchange_->mutex);
    to_say.swap(exchange_->to_say);
  }
  for (const auto& envelope : to_say) send(envelope);
}

void WorkerLoop::poll() {
  if (finished()) return;
  const double now = options_.clock();
  while (const auto message = mailbox_.try_receive(kToWorker)) {
    const auto envelope = decode_envelope(message->bytes);
    if (!envelope || message->source != kMasterRank) continue;
    master_heard_ = now;
    take(*envelope);
    if (finished()) return;
  }
  report();
  if (now - last_beat_ >= options_.heartbeat_s) {
    last_beat_ = now;
    send(Heartbeat{rank_, exchange_->share});
  }
  if (now - master_heard_ > options_.master_silence_s) master_lost_ = true;
}

/// A worker that waits for its next piece of work looks often, one that computes seldom: it hears of its own answer.
void WorkerLoop::rest() {
  std::unique_lock lock(exchange_->mutex);
  if (!exchange_->under_way) {
    lock.unlock();
    return pause_briefly();
  }
  exchange_->said.wait_for(lock, kBusyPause, [this] { return !exchange_->to_say.empty(); });
}

void WorkerLoop::run() {
  while (!finished()) {
    poll();
    rest();
  }
  const double start = options_.clock();
  while (!master_lost_ && !mailbox_.all_sent(kMasterRank) && options_.clock() - start < options_.farewell_s)
    pause_briefly();
}

}  // namespace harmonic
