#include "worker/loop/worker_loop.hpp"

#include <atomic>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "proto/tags.hpp"
#include "tests/support/fakes.hpp"

namespace harmonic {
namespace {

using namespace testing;

/// A worker and what its master hears of it, in a made-up time.
struct Conversation {
  MemoryNetwork network{2};
  MemoryNetwork::Box master = network.box(Rank{0});
  MemoryNetwork::Box box = network.box(Rank{1});
  double now = 0;

  WorkerLoopOptions options() {
    WorkerLoopOptions o;
    o.clock = [this] { return now; };
    return o;
  }
  void say(const Envelope& envelope) { master.post(Rank{1}, kToWorker, encode(envelope)); }
  std::optional<Envelope> hear() {
    const auto message = master.try_receive(kToMaster);
    return message ? decode_envelope(message->bytes) : std::nullopt;
  }
  /// Polls until the next message of this kind comes.
  template <class Body>
  Body next(WorkerLoop& worker) {
    while (true) {
      worker.poll();
      while (const auto envelope = hear())
        if (const auto* body = std::get_if<Body>(&*envelope)) return *body;
      pause_briefly();
    }
  }
  Result result(WorkerLoop& worker) { return next<Result>(worker); }
};

Hello hello() {
  return make_hello(Rank{1}, [] { return std::uint64_t{7}; });
}
Task task(std::uint64_t id) {
  return {TaskId{id}, EvaluateBackbones{0, {smallest_genome(find_space("avmnist-image"))}}};
}
EvaluatorFactory fake() {
  return [] { return std::make_unique<FakeEvaluator>(); };
}

TEST_CASE("A worker says hello, answers its tasks and leaves when it is sent home", "[worker][loop]") {
  Conversation talk;
  WorkerLoop worker(talk.box, hello(), fake(), talk.options());
  CHECK(talk.hear() == Envelope(hello()));
  for (const std::uint64_t id : {3, 4}) {
    talk.say(task(id));
    const auto result = talk.result(worker);
    CHECK(result.task == TaskId{id});
    CHECK(result.worker == Rank{1});
    CHECK(result.outcome == fake_outcome(task(id).work));
    CHECK(result.seconds >= 0);
    CHECK(result.host == hello().host);
  }
  CHECK_FALSE(worker.finished());
  talk.say(Stop{});
  worker.poll();
  CHECK(worker.finished());
  CHECK_FALSE(worker.rank_lost());
  CHECK(talk.hear() == Envelope(Goodbye{Rank{1}}));
}

TEST_CASE("A worker that is ready says once on what it computes", "[worker][loop]") {
  Conversation talk;
  auto options = talk.options();
  options.device = [] { return std::string("CPU, 3 threads"); };
  WorkerLoop worker(talk.box, hello(), fake(), options);
  CHECK(talk.next<Hello>(worker) == hello());
  auto ready = hello();
  ready.device = "CPU, 3 threads";
  CHECK(talk.next<Hello>(worker) == ready);
  talk.say(task(3));
  CHECK(talk.result(worker).task == TaskId{3});
}

TEST_CASE("A worker with a meter says so, and what it drew over each piece of work and between them",
          "[worker][loop]") {
  Conversation talk;
  auto options = talk.options();
  options.device = [] { return std::string("CPU, 3 threads"); };
  options.meter = [] { return std::make_unique<DrawingMeter>(); };
  WorkerLoop worker(talk.box, hello(), fake(), options);
  CHECK(talk.next<Hello>(worker).meter.empty());
  CHECK(talk.next<Hello>(worker).meter == "a made-up meter");
  for (const std::uint64_t id : {3, 4}) {
    talk.say(task(id));
    CHECK(talk.result(worker).energy == MeasuredEnergy{1, 1});
  }
  Conversation without;
  WorkerLoop dark(without.box, hello(), fake(), without.options());
  without.say(task(3));
  CHECK_FALSE(without.result(dark).energy);
}

TEST_CASE("Heartbeats go out while the worker computes, one a period", "[worker][loop]") {
  class Waiting final : public Evaluator {
   public:
    explicit Waiting(std::atomic<bool>& go) : go_(go) {}
    [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks&) override {
      while (!go_) pause_briefly();
      return fake_outcome(work);
    }

   private:
    std::atomic<bool>& go_;
  };
  Conversation talk;
  std::atomic<bool> go = false;
  WorkerLoop worker(
      talk.box, hello(), [&] { return std::make_unique<Waiting>(go); }, talk.options());
  (void)talk.hear();
  talk.say(task(1));
  int beats = 0;
  for (int i = 0; i < 40; ++i) {
    talk.now += 0.25;
    worker.poll();
    while (const auto envelope = talk.hear()) beats += std::holds_alternative<Heartbeat>(*envelope) ? 1 : 0;
  }
  CHECK(beats == 10);
  go = true;
  CHECK(talk.result(worker).task == TaskId{1});
}

/// What `f` gives for every piece of work, with its hooks.
template <class F>
class Giving final : public Evaluator {
 public:
  explicit Giving(F f) : f_(std::move(f)) {}
  [[nodiscard]] Outcome evaluate(const Work&, const WorkHooks& hooks) override { return f_(hooks); }

 private:
  F f_;
};
template <class F>
EvaluatorFactory giving(F f) {
  return [f] { return std::make_unique<Giving<F>>(f); };
}

TEST_CASE("What an evaluator throws is a failure of its kind, with its reason", "[worker][loop]") {
  const auto outcome_of = [](auto thrown) {
    Conversation talk;
    WorkerLoop worker(talk.box, hello(), giving([thrown](const WorkHooks&) -> Outcome { throw thrown; }),
                      talk.options());
    talk.say(task(1));
    return talk.result(worker).outcome;
  };
  CHECK(outcome_of(std::runtime_error("out of memory")) == Outcome(Failure{"out of memory", FailureKind::worker}));
  CHECK(outcome_of(CandidateError("diverged")) == Outcome(Failure{"diverged", FailureKind::candidate}));
  CHECK(outcome_of(InputError("weights.h5 is missing", "train them")) ==
        Outcome(Failure{"weights.h5 is missing; train them", FailureKind::input}));
}

TEST_CASE("A worker whose evaluator cannot be made says goodbye with the reason, and stays to be sent home",
          "[worker][loop]") {
  const auto goodbye_of = [](auto thrown) {
    Conversation talk;
    WorkerLoop worker(
        talk.box, hello(), [thrown]() -> std::unique_ptr<Evaluator> { throw thrown; }, talk.options());
    auto goodbye = talk.next<Goodbye>(worker);
    CHECK_FALSE(worker.finished());
    talk.now += 2;
    CHECK(talk.next<Heartbeat>(worker) == Heartbeat{Rank{1}});
    talk.say(Stop{});
    CHECK(talk.next<Goodbye>(worker) == Goodbye{Rank{1}});
    CHECK(worker.finished());
    return goodbye;
  };
  CHECK(goodbye_of(RunError("no GPU")) == Goodbye{Rank{1}, Failure{"no GPU"}});
  CHECK(goodbye_of(InputError("no weights.h5", "train them")) ==
        Goodbye{Rank{1}, Failure{"no weights.h5; train them", FailureKind::input}});
}

TEST_CASE("A worker that breaks over a task says goodbye over it", "[worker][loop]") {
  Conversation talk;
  WorkerLoop worker(talk.box, hello(),
                    giving([](const WorkHooks&) -> Outcome { throw WorkerError("CUDA error: illegal address"); }),
                    talk.options());
  talk.say(task(5));
  CHECK(talk.next<Goodbye>(worker) == Goodbye{Rank{1}, Failure{"CUDA error: illegal address"}, TaskId{5}});
}

TEST_CASE("A task that is cancelled ends where it waits and where it runs", "[worker][loop]") {
  Conversation talk;
  WorkerLoop worker(talk.box, hello(), giving([](const WorkHooks& hooks) -> Outcome {
                      hooks.progress(0.25);
                      while (!hooks.cancelled()) pause_briefly();
                      throw Cancelled();
                    }),
                    talk.options());
  talk.say(task(1));
  talk.say(task(2));
  double share = 0;
  while (share == 0) {
    talk.now += 1;
    talk.say(Heartbeat{Rank{0}});
    share = talk.next<Heartbeat>(worker).share;
  }
  CHECK(share == 0.25);
  talk.say(Cancel{TaskId{2}});
  CHECK(talk.result(worker).task == TaskId{2});
  talk.say(Cancel{TaskId{7}});  // never given: none of its business
  talk.say(Cancel{TaskId{1}});
  const auto result = talk.result(worker);
  CHECK(result.task == TaskId{1});
  CHECK(std::holds_alternative<Failure>(result.outcome));
}

TEST_CASE("A worker that cannot start tells its master why", "[worker][loop]") {
  Conversation talk;
  const auto unable = make_hello(Rank{1}, []() -> std::uint64_t { throw InputError("no data file", "give --data"); });
  CHECK(unable.problem == "no data file; give --data");
  WorkerLoop worker(talk.box, unable, fake(), talk.options());
  CHECK(talk.hear() == Envelope(unable));
}

TEST_CASE("Strangers and bytes without meaning are ignored", "[worker][loop]") {
  Conversation talk;
  WorkerLoop worker(talk.box, hello(), fake(), talk.options());
  talk.master.post(Rank{1}, kToWorker, Bytes(9, std::byte{0xff}));
  talk.box.post(Rank{1}, kToWorker, encode(Envelope(Stop{})));  // from rank 1, which is no master
  worker.poll();
  CHECK_FALSE(worker.finished());
}

TEST_CASE("A worker whose master has been silent for long leaves, and says that a rank is lost", "[worker][loop]") {
  Conversation talk;
  WorkerLoop worker(talk.box, hello(), fake(), talk.options());
  talk.now = 100;
  talk.say(Heartbeat{Rank{0}});
  worker.poll();
  talk.now = 200;
  worker.poll();
  CHECK_FALSE(worker.finished());
  talk.now = 300;
  worker.poll();
  CHECK(worker.master_lost());
  CHECK(worker.rank_lost());
}

TEST_CASE("A stop reaches a worker at work, and tells whether a rank is lost", "[worker][loop]") {
  Conversation talk;
  WorkerLoop worker(talk.box, hello(), fake(), talk.options());
  talk.say(Stop{true});
  worker.poll();
  CHECK(worker.finished());
  CHECK(worker.rank_lost());
}

}  // namespace
}  // namespace harmonic
