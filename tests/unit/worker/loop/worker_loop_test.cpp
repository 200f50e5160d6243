#include "worker/loop/worker_loop.hpp"

#include <atomic>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "proto/tags.hpp"
#include "tests/support/fakes.hpp"

namespace harmonic {
namespace {

using namespace testing;

/// A worker and what its master hears, in a made-up time.
struct Desk {
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
  /// Polls until the next result comes.
  Result result(WorkerLoop& worker) {
    while (true) {
      worker.poll();
      while (const auto envelope = hear())
        if (const auto* result = std::get_if<Result>(&*envelope)) return *result;
      pause_briefly();
    }
  }
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
  Desk desk;
  WorkerLoop worker(desk.box, hello(), fake(), desk.options());
  CHECK(desk.hear() == Envelope(hello()));
  for (const std::uint64_t id : {3, 4}) {
    desk.say(task(id));
    const auto result = desk.result(worker);
    CHECK(result.task == TaskId{id});
    CHECK(result.worker == Rank{1});
    CHECK(result.outcome == fake_outcome(task(id).work));
    CHECK(result.seconds >= 0);
  }
  CHECK_FALSE(worker.finished());
  desk.say(Stop{});
  worker.poll();
  CHECK(worker.finished());
  CHECK_FALSE(worker.rank_lost());
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
  Desk desk;
  std::atomic<bool> go = false;
  WorkerLoop worker(
      desk.box, hello(), [&] { return std::make_unique<Waiting>(go); }, desk.options());
  (void)desk.hear();
  desk.say(task(1));
  int beats = 0;
  for (int i = 0; i < 40; ++i) {
    desk.now += 0.25;
    worker.poll();
    while (const auto envelope = desk.hear()) beats += std::holds_alternative<Heartbeat>(*envelope) ? 1 : 0;
  }
  CHECK(beats == 10);
  go = true;
  CHECK(desk.result(worker).task == TaskId{1});
}

TEST_CASE("What an evaluator throws, or why it could not be made, is a failure with its reason", "[worker][loop]") {
  class Throwing final : public Evaluator {
   public:
    [[nodiscard]] Outcome evaluate(const Work&, const WorkHooks&) override {
      throw std::runtime_error("out of memory");
    }
  };
  const auto outcome_of = [](const EvaluatorFactory& make) {
    Desk desk;
    WorkerLoop worker(desk.box, hello(), make, desk.options());
    desk.say(task(1));
    return desk.result(worker).outcome;
  };
  CHECK(outcome_of([] { return std::make_unique<Throwing>(); }) == Outcome(Failure{"out of memory"}));
  CHECK(outcome_of([]() -> std::unique_ptr<Evaluator> { throw InputError("weights.h5 is missing", "train them"); }) ==
        Outcome(Failure{"weights.h5 is missing; train them", FailureKind::input}));
  CHECK(outcome_of([]() -> std::unique_ptr<Evaluator> { throw RunError("no GPU"); }) == Outcome(Failure{"no GPU"}));
}

TEST_CASE("A worker that cannot start tells its master why", "[worker][loop]") {
  Desk desk;
  const auto unable = make_hello(Rank{1}, []() -> std::uint64_t { throw InputError("no data file", "give --data"); });
  CHECK(unable.problem == "no data file; give --data");
  WorkerLoop worker(desk.box, unable, fake(), desk.options());
  CHECK(desk.hear() == Envelope(unable));
}

TEST_CASE("Strangers and bytes without meaning are ignored", "[worker][loop]") {
  Desk desk;
  WorkerLoop worker(desk.box, hello(), fake(), desk.options());
  desk.master.post(Rank{1}, kToWorker, Bytes(9, std::byte{0xff}));
  desk.box.post(Rank{1}, kToWorker, encode(Envelope(Stop{})));  // from rank 1, which is no master
  worker.poll();
  CHECK_FALSE(worker.finished());
}

TEST_CASE("A worker whose master has been silent for long leaves, and says that a rank is lost", "[worker][loop]") {
  Desk desk;
  WorkerLoop worker(desk.box, hello(), fake(), desk.options());
  desk.now = 100;
  desk.say(Heartbeat{Rank{0}});
  worker.poll();
  desk.now = 200;
  worker.poll();
  CHECK_FALSE(worker.finished());
  desk.now = 300;
  worker.poll();
  CHECK(worker.master_lost());
  CHECK(worker.rank_lost());
}

TEST_CASE("A stop reaches a worker at work, and tells whether a rank is lost", "[worker][loop]") {
  Desk desk;
  WorkerLoop worker(desk.box, hello(), fake(), desk.options());
  desk.say(Stop{true});
  worker.poll();
  CHECK(worker.finished());
  CHECK(worker.rank_lost());
}

}  // namespace
}  // namespace harmonic
