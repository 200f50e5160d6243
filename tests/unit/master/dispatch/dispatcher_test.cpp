#include "master/dispatch/dispatcher.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "proto/tags.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using namespace testing;
constexpr std::uint64_t kSettings = 42;

/// A worker that answers after `delay_s`, if its answer function gives something to answer; time is the test's.
struct ScriptedWorker {
  MemoryNetwork::Box box;
  double delay_s = 1;
  std::function<std::optional<Outcome>(const Task&)> answer = [](const Task& task) { return fake_outcome(task.work); };
  double silent_from_s = 1e9, silent_until_s = 1e9;
  std::uint64_t settings = kSettings;
  std::string problem;
  std::optional<Goodbye> breaks{};  ///< says this over its first task
  bool heeds_cancel = false;

  std::vector<TaskId> given{}, cancelled{};
  std::deque<std::pair<double, Task>> at_work{};
  bool greeted = false, stopped = false, rank_lost = false;

  void say(const Envelope& envelope) { box.post(kMasterRank, kToMaster, encode(envelope)); }
  void step(double now) {
    if (!greeted) say(Hello{box.rank(), "node", 1, settings, problem});
    greeted = true;
    while (const auto message = box.try_receive(kToWorker)) {
      const auto envelope = decode_envelope(message->bytes).value();
      if (const auto* task = std::get_if<Task>(&envelope)) {
        given.push_back(task->id);
        at_work.emplace_back(now + delay_s, *task);
      }
      if (const auto* cancel = std::get_if<Cancel>(&envelope)) {
        cancelled.push_back(cancel->task);
        if (heeds_cancel && std::erase_if(at_work, [&](const auto& w) { return w.second.id == cancel->task; }) > 0)
          say(Result{cancel->task, box.rank(), 1, Failure{"cancelled"}});
      }
      if (const auto* stop = std::get_if<Stop>(&envelope)) stopped = true, rank_lost = stop->worker_lost;
    }
    if (now >= silent_from_s && now < silent_until_s) return;
    if (stopped) return say(Goodbye{box.rank()});
    if (breaks && !given.empty()) {
      say(*breaks);
      breaks.reset();
      at_work.clear();
    }
    while (!at_work.empty() && at_work.front().first <= now) {
      const auto task = at_work.front().second;
      at_work.pop_front();
      if (const auto outcome = answer(task)) say(Result{task.id, box.rank(), delay_s, *outcome});
    }
    say(Heartbeat{box.rank(), at_work.empty() ? 0 : std::max(0.0, 1 - (at_work.front().first - now) / delay_s)});
  }
};

using Answer = std::function<std::optional<Outcome>(const Task&)>;
Answer always(const Failure& failure) {
  return [failure](const Task&) { return failure; };
}

/// A master and its workers in one thread and one made-up time: 0.5 s pass whenever nothing arrives.
struct World {
  MemoryNetwork network;
  double now = 0;
  MemoryNetwork::Box master;
  std::vector<ScriptedWorker> workers;
  Dispatcher dispatcher;
  std::map<TaskId, Result> results;
  std::vector<TaskId> order;
  std::vector<std::pair<Setback, TaskId>> setbacks;  ///< with the task's id, 0: none

  explicit World(int count, DispatchOptions options = {})
      : network(count + 1),
        master(network.box(Rank{0})),
        dispatcher(master, with_clock(std::move(options)), [this] { idle(); }) {
    log::set_level(log::Level::error);
    dispatcher.expect_settings(kSettings);
    dispatcher.on_setback([this](const Setback& s) {
      setbacks.emplace_back(s, s.task == nullptr ? TaskId{} : s.task->id);
      setbacks.back().first.task = nullptr;
    });
    for (int r = 1; r <= count; ++r) workers.push_back(ScriptedWorker{network.box(Rank{r})});
  }
  ~World() { log::set_level(log::Level::info); }

  DispatchOptions with_clock(DispatchOptions options) {
    options.clock = [this] { return now; };
    return options;
  }
  void idle() {
    now += 0.5;
    for (auto& worker : workers) worker.step(now);
  }
  Dispatcher::End run(
      int tasks, const std::function<bool()>& stop = [] { return false; }) {
    std::vector<Job> jobs;
    for (int i = 1; i <= tasks; ++i) jobs.push_back({task(i), 1.0 * i});
    return dispatcher.run(
        jobs,
        [this](const Task& t, const Result& r) {
          CHECK(results.emplace(t.id, r).second);
          order.push_back(t.id);
        },
        stop);
  }
  static Task task(int i) {
    return {TaskId{static_cast<std::uint64_t>(i)},
            EvaluateBackbones{i % 2, {smallest_genome(find_space("avmnist-image"))}}};
  }
  int count(Setback::Kind kind) const {
    return static_cast<int>(std::ranges::count_if(setbacks, [&](const auto& s) { return s.first.kind == kind; }));
  }
  int answered_well() const {
    return static_cast<int>(std::ranges::count_if(results, [](const auto& r) {
      return r.second.outcome == fake_outcome(task(static_cast<int>(r.first.value)).work);
    }));
  }
};

TEST_CASE("Every task is answered once, the most expensive is dealt first", "[master][dispatcher]") {
  for (const int count : {1, 2, 5}) {
    World world(count);
    CHECK(world.run(20) == Dispatcher::End::finished);
    CHECK(world.answered_well() == 20);
    CHECK(world.workers[0].given.front().value > static_cast<std::uint64_t>(20 - count));
    CHECK(world.dispatcher.counts().done == 20);
    CHECK(world.dispatcher.counts().retried == 0);
    CHECK(world.dispatcher.stop_workers());
    for (const auto& worker : world.workers) CHECK((worker.stopped && !worker.rank_lost));
  }
}

TEST_CASE("A fast worker gets more than a slow one", "[master][dispatcher]") {
  World world(2);
  world.workers[0].delay_s = 10;
  world.run(20);
  CHECK(world.workers[1].given.size() > 2 * world.workers[0].given.size());
}

TEST_CASE("A task whose worker falls silent is dealt to another", "[master][dispatcher]") {
  World world(2);
  world.workers[0].delay_s = 5;
  world.workers[0].silent_from_s = 3;
  CHECK(world.run(6) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 6);
  CHECK(world.dispatcher.counts().lost_workers == 1);
  CHECK(world.dispatcher.counts().retried == 1);
  CHECK(world.dispatcher.workers_here() == 1);
  CHECK_FALSE(world.dispatcher.stop_workers());
  CHECK(world.workers[1].rank_lost);
}

TEST_CASE("A node that dies with several workers costs its work one retry: the quiet ones get none of it",
          "[master][dispatcher]") {
  World world(3);
  world.workers[0].delay_s = 5;  // at work when its node dies
  world.workers[0].silent_from_s = 3;
  world.workers[1].delay_s = 2;  // idle then, and heard a little later than the other
  world.workers[1].silent_from_s = 3.5;
  world.workers[2].delay_s = 50;  // elsewhere, and busy until both are known to be lost
  CHECK(world.run(3) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 3);
  CHECK(world.workers[1].given.size() == 1);
  CHECK(world.dispatcher.counts().lost_workers == 2);
  CHECK(world.dispatcher.counts().retried == 1);
  CHECK(world.dispatcher.counts().failed == 0);
}

TEST_CASE("A worker that never says hello does not hold the others up", "[master][dispatcher]") {
  World world(2);
  world.workers[1].greeted = true;  // as far as it knows
  world.workers[1].silent_from_s = 0;
  CHECK(world.run(4) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 4);
  CHECK(world.workers[1].given.empty());
}

TEST_CASE("A silent worker that comes back counts again, and its late answer does no harm", "[master][dispatcher]") {
  World world(2);
  world.workers[0].delay_s = 5;
  world.workers[0].silent_from_s = 3;
  world.workers[0].silent_until_s = 60;
  world.workers[1].delay_s = 20;
  CHECK(world.run(12) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 12);
  CHECK(world.dispatcher.counts().lost_workers == 1);
  CHECK(world.workers[0].given.size() > 1);
  CHECK(world.dispatcher.stop_workers());  // nobody is missing: MPI can be finalised
}

TEST_CASE("A task that outlives its deadline is dealt again, and the first answer counts", "[master][dispatcher]") {
  DispatchOptions options;
  options.deadline_s = 20;
  World world(2, options);
  world.workers[0].delay_s = 30;
  CHECK(world.run(2) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 2);
  CHECK(world.dispatcher.counts().retried == 1);
  CHECK(world.dispatcher.counts().lost_workers == 0);
}

TEST_CASE("A late answer counts once, even after two deadlines, and its worker is taken back", "[master][dispatcher]") {
  DispatchOptions options;
  options.deadline_s = 20;
  World world(1, options);
  world.workers[0].delay_s = 50;
  CHECK(world.run(1) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 1);
  CHECK(world.workers[0].cancelled == std::vector{TaskId{1}});
  CHECK(world.dispatcher.counts().lost_workers == 0);
  world.workers[0].delay_s = 1;
  world.results.clear();
  CHECK(world.run(3) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 3);
}

TEST_CASE("A task that two workers are late with is not lost: the first answer counts", "[master][dispatcher]") {
  DispatchOptions options;
  options.deadline_s = 20;
  World world(2, options);
  world.workers[0].delay_s = 1e6;
  world.workers[0].heeds_cancel = true;
  world.workers[1].delay_s = 35;
  CHECK(world.run(1) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 1);
  CHECK(world.dispatcher.counts().lost_workers == 0);
  CHECK(world.dispatcher.refused().empty());
}

TEST_CASE("A task that takes too long everywhere has failed for that, be it that a worker falls silent over it",
          "[master][dispatcher]") {
  DispatchOptions options;
  options.deadline_s = 40;
  for (const bool silent : {false, true}) {
    World world(2, options);
    for (auto& worker : world.workers) {
      worker.delay_s = 1e6;
      worker.heeds_cancel = true;
    }
    if (silent) world.workers[1].silent_from_s = 85;
    CHECK(world.run(1) == Dispatcher::End::finished);
    CHECK_THAT(std::get<Failure>(world.results.at(TaskId{1}).outcome).message, Catch::Contains("raise --deadline"));
    CHECK(world.dispatcher.refused() == std::set{TaskId{1}});
    CHECK(world.dispatcher.workers_here() == (silent ? 1 : 2));
  }
}

TEST_CASE("The share of time that is work is of the workers that were there", "[master][dispatcher]") {
  World world(2);
  world.workers[0].silent_from_s = 60;
  for (auto& worker : world.workers) worker.delay_s = 10;
  CHECK(world.run(40) == Dispatcher::End::finished);
  CHECK(world.dispatcher.counts().busy_s <= world.dispatcher.counts().there_s);
  CHECK(world.dispatcher.counts().there_s < 2 * world.now);
}

TEST_CASE("A worker that heeds the cancelling of its task is free for others", "[master][dispatcher]") {
  DispatchOptions options;
  options.deadline_s = 20;
  World world(1, options);
  world.workers[0].heeds_cancel = true;
  world.workers[0].delay_s = 1e6;
  CHECK(world.run(1) == Dispatcher::End::finished);
  const auto* failure = std::get_if<Failure>(&world.results.at(TaskId{1}).outcome);
  REQUIRE(failure != nullptr);
  CHECK_THAT(failure->message, Catch::Contains("deadline"));
  CHECK(world.workers[0].given.size() == 2);
  CHECK(world.dispatcher.workers_here() == 1);
}

TEST_CASE("A worker that does not answer at all after two deadlines gets no more", "[master][dispatcher]") {
  DispatchOptions options;
  options.deadline_s = 20;
  World world(1, options);
  world.workers[0].delay_s = 1e6;
  CHECK_THROWS_AS(world.run(1), RunError);
  CHECK(world.now > 40 + options.lease_s);
  CHECK(world.now < 50 + options.lease_s);
  CHECK(world.dispatcher.stop_workers());  // it is there all the same, and hears that it is over
}

TEST_CASE("A task that somebody has answered is cancelled where it still runs", "[master][dispatcher]") {
  DispatchOptions options;
  options.deadline_s = 20;
  World world(2, options);
  world.workers[0].delay_s = 1000;
  world.workers[0].heeds_cancel = true;
  CHECK(world.run(40) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 40);
  REQUIRE(world.workers[0].given.size() > 1);  // free again at once
  CHECK(world.dispatcher.stop_workers());      // by when it has heard all that was sent
  CHECK(world.workers[0].cancelled == world.workers[0].given);
  CHECK(world.dispatcher.counts().failed == 0);
}

TEST_CASE("A task that loses two workers is set aside and reported", "[master][dispatcher]") {
  World world(3);
  for (auto& worker : world.workers)
    worker.answer = [&](const Task& task) -> std::optional<Outcome> {
      if (task.id != TaskId{4}) return fake_outcome(task.work);
      worker.silent_from_s = 0;
      return std::nullopt;
    };
  const TemporaryFolder folder;
  log::open_file(folder / "log.txt");
  CHECK(world.run(4) == Dispatcher::End::finished);
  log::close_file();
  // What is said of the task is what is done with it.
  const auto said = read_file(folder / "log.txt");
  const auto again = said.find("task 4 is dealt again");
  CHECK(again != std::string::npos);
  CHECK(said.find("dealt again", again + 20) == std::string::npos);
  CHECK(said.find("task 4 is set aside", again) != std::string::npos);
  CHECK(world.answered_well() == 3);
  const auto* failure = std::get_if<Failure>(&world.results.at(TaskId{4}).outcome);
  REQUIRE(failure != nullptr);
  CHECK(failure->message.find("lost 2 workers") != std::string::npos);
  CHECK(world.dispatcher.counts().lost_workers == 2);
  CHECK(world.dispatcher.counts().failed == 1);
}

TEST_CASE("When every worker is lost the run ends with an error that says how to go on", "[master][dispatcher]") {
  World world(2);
  for (auto& worker : world.workers) worker.silent_from_s = 3;
  try {
    world.run(50);
    FAIL("no error");
  } catch (const RunError& e) {
    CHECK(std::string(e.what()).find("--resume") != std::string::npos);
  }
}

TEST_CASE("Nonsense costs the worker that sent it, and nothing else", "[master][dispatcher]") {
  const auto wrong_kind = [](const Task&) { return TestScore{50}; };
  const auto wrong_count = [](const Task&) { return BackboneScores{{1, 2, 3}}; };
  const auto no_number = [](const Task&) { return BackboneScores{{std::nan("")}}; };
  const auto no_percent = [](const Task&) { return BackboneScores{{101}}; };
  for (const std::function<std::optional<Outcome>(const Task&)>& nonsense :
       std::vector<std::function<std::optional<Outcome>(const Task&)>>{wrong_kind, wrong_count, no_number,
                                                                       no_percent}) {
    World world(2);
    world.workers[0].answer = nonsense;
    CHECK(world.run(8) == Dispatcher::End::finished);
    CHECK(world.answered_well() == 8);
    CHECK(world.workers[0].given.size() == 1);
    CHECK(world.dispatcher.counts().lost_workers == 1);
  }
}

TEST_CASE("A fusion search that is dealt again is named by its models", "[master][dispatcher]") {
  const auto said_of = [](const std::vector<std::uint64_t>& ids) {
    const auto& space = find_space("avmnist-image");
    SearchFusion work;
    for (const auto id : ids)
      work.candidates.push_back({CandidateId{id}, {{smallest_genome(space), largest_genome(space)}, {2, 1}}});
    World world(2);
    world.workers[0].delay_s = 5;
    world.workers[0].silent_from_s = 3;
    const TemporaryFolder folder;
    log::open_file(folder / "log.txt");
    std::vector<Job> jobs = {{{TaskId{1}, work}, 1}};
    int told = 0;
    CHECK(world.dispatcher.run(
              jobs, [&](const Task&, const Result&) { ++told; }, [] { return false; }) == Dispatcher::End::finished);
    CHECK(told == 1);
    log::close_file();
    return read_file(folder / "log.txt");
  };
  CHECK_THAT(said_of({7}), Catch::Contains("is dealt again: fusion search of model 7\n"));
  CHECK_THAT(said_of({7, 9}), Catch::Contains("is dealt again: fusion search of models 7 and 9\n"));
  CHECK_THAT(said_of({7, 9, 12}), Catch::Contains("is dealt again: fusion search of models 7, 9 and 12\n"));
}

TEST_CASE("Bytes that are no message, and answers to tasks never dealt, cost their sender", "[master][dispatcher]") {
  for (const bool bytes : {true, false}) {
    World world(2);
    if (bytes) {
      world.workers[0].box.post(kMasterRank, kToMaster, Bytes(9, std::byte{0xff}));
    } else {
      world.workers[0].say(Result{TaskId{77}, Rank{1}, 1, TestScore{1}});
    }
    CHECK(world.run(8) == Dispatcher::End::finished);
    CHECK(world.answered_well() == 8);
    CHECK(world.workers[0].given.empty());
  }
}

TEST_CASE("A failure is tried once more on another worker, then reported", "[master][dispatcher]") {
  World world(3);
  world.workers[0].answer = [](const Task&) { return Failure{"no memory"}; };
  CHECK(world.run(6) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 6);
  CHECK(world.dispatcher.counts().retried > 0);
  World hopeless(3);
  for (auto& worker : hopeless.workers)
    worker.answer = [](const Task& task) -> Outcome {
      if (task.id == TaskId{2}) return Failure{"no memory"};
      return fake_outcome(task.work);
    };
  CHECK(hopeless.run(3) == Dispatcher::End::finished);
  CHECK(hopeless.answered_well() == 2);
  CHECK(hopeless.results.at(TaskId{2}).outcome == Outcome(Failure{"no memory"}));
  const auto tried = [](const ScriptedWorker& w) { return std::ranges::count(w.given, TaskId{2}); };
  for (const auto& worker : hopeless.workers) CHECK(tried(worker) <= 1);
}

TEST_CASE("A failure is tried again on the same worker when there is no other", "[master][dispatcher]") {
  World world(1);
  int calls = 0;
  world.workers[0].answer = [&](const Task& task) -> Outcome {
    if (++calls == 1) return Failure{"cosmic ray"};
    return fake_outcome(task.work);
  };
  CHECK(world.run(2) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 2);
}

TEST_CASE("Bad nodes are set aside with host and reason, and cost the run nothing", "[master][dispatcher]") {
  const TemporaryFolder folder;
  for (const auto& failure :
       {Failure{"cannot write: disk full"}, Failure{"cannot read weights.h5", FailureKind::input}}) {
    World world(4);
    for (const std::size_t bad : {0, 1}) {
      world.workers[bad].answer = always(failure);
      world.workers[bad].delay_s = 0;
    }
    for (const std::size_t good : {2, 3}) world.workers[good].delay_s = 20;
    log::open_file(folder / "log.txt");
    CHECK(world.run(30) == Dispatcher::End::finished);
    log::close_file();
    CHECK(world.answered_well() == 30);
    CHECK(world.dispatcher.counts().failed == 0);
    CHECK(world.dispatcher.counts().lost_workers == 2);
    CHECK(world.dispatcher.workers_here() == 2);
    for (const std::size_t bad : {0, 1}) CHECK(world.workers[bad].given.size() == 3);
    const auto said = read_file(folder / "log.txt");
    for (const auto* worker : {"worker 1 on node", "worker 2 on node"})
      CHECK_THAT(said, Catch::Contains(std::string(worker) +
                                       " is set aside: 3 pieces of work in a row failed there, "
                                       "the last one: " +
                                       failure.message));
    CHECK(world.dispatcher.stop_workers());
  }
}

TEST_CASE("A node whose disk fills up in the middle is set aside too", "[master][dispatcher]") {
  World world(3);
  world.workers[0].answer = [&](const Task& task) -> Outcome {
    if (world.now > 10) return Failure{"disk full"};
    return fake_outcome(task.work);
  };
  CHECK(world.run(60) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 60);
  CHECK(world.dispatcher.workers_here() == 2);
}

TEST_CASE("Work that nobody can do is reported and no worker's fault, be it some of it or all",
          "[master][dispatcher]") {
  const int doable = GENERATE(20, 0);  // the cheapest
  for (const int count : {1, 2, 3, 8}) {
    World world(count);
    for (auto& worker : world.workers)
      worker.answer = [&](const Task& task) -> Outcome {
        if (static_cast<int>(task.id.value) > doable) return Failure{"out of memory"};
        return fake_outcome(task.work);
      };
    CHECK(world.run(40) == Dispatcher::End::finished);
    CHECK(world.answered_well() == doable);
    CHECK(world.dispatcher.counts().failed == 40 - doable);
    CHECK(world.results.at(TaskId{27}).host == "node");
    CHECK(world.dispatcher.workers_here() == count);
  }
}

TEST_CASE("A candidate that fails has failed once a second worker says so, if there is one", "[master][dispatcher]") {
  const Failure diverged{"the loss is not finite", FailureKind::candidate};
  for (const int count : {1, 2, 3}) {
    World world(count);
    for (auto& worker : world.workers) worker.answer = always(diverged);
    CHECK(world.run(12) == Dispatcher::End::finished);
    CHECK(world.dispatcher.counts().retried == (count > 1 ? 12 : 0));
    CHECK(world.dispatcher.counts().failed == 12);
    CHECK(world.dispatcher.workers_here() == count);
    CHECK(world.dispatcher.refused().empty());
    CHECK(world.results.at(TaskId{3}).outcome == Outcome(diverged));
    CHECK(world.results.at(TaskId{3}).host == "node");
  }
}

TEST_CASE("Candidates that diverge among many that do not are no worker's fault", "[master][dispatcher]") {
  for (const int count : {1, 2, 4}) {
    World world(count);
    for (auto& worker : world.workers)
      worker.answer = [](const Task& task) -> Outcome {
        if (task.id.value % 3 == 0) return Failure{"the loss is not finite", FailureKind::candidate};
        return fake_outcome(task.work);
      };
    CHECK(world.run(60) == Dispatcher::End::finished);
    CHECK(world.answered_well() == 40);
    CHECK(world.dispatcher.counts().failed == 20);
    CHECK(world.dispatcher.workers_here() == count);
  }
}

TEST_CASE("A node that finds fault with what others do well costs no candidate, and is set aside",
          "[master][dispatcher]") {
  World world(3);
  world.workers[1].answer = always(Failure{"the loss is not finite", FailureKind::candidate});
  CHECK(world.run(30) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 30);
  CHECK(world.dispatcher.workers_here() == 2);
  CHECK(world.count(Setback::Kind::set_aside) == 1);
}

TEST_CASE("What every worker finds wrong with the input ends the run, what one does not", "[master][dispatcher]") {
  const Failure missing{"weights.h5 is missing", FailureKind::input};
  for (const int count : {1, 2, 5}) {
    World world(count);
    for (auto& worker : world.workers) worker.answer = always(missing);
    CHECK_THROWS_AS(world.run(40), InputError);
    REQUIRE(world.results.size() == 1);  // what the run ended over is told like any other failure
    CHECK(world.results.begin()->second.outcome == Outcome(missing));
  }
  World world(3);
  world.workers[1].answer = always(missing);
  CHECK(world.run(20) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 20);
}

TEST_CASE("A worker that cannot start is done without; where none can, the reason ends the run",
          "[master][dispatcher]") {
  World world(2);
  world.workers[1].problem = "no data file";
  CHECK(world.run(4) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 4);
  World unable(2);
  for (auto& worker : unable.workers) worker.problem = "no data file";
  CHECK_THROWS_WITH(unable.run(4), Catch::Contains("no data file"));
}

TEST_CASE("A worker that cannot begin, or breaks, says why, and its task goes elsewhere", "[master][dispatcher]") {
  World world(4);
  for (const std::size_t unable : {0, 1, 2})
    world.workers[unable].breaks = Goodbye{Rank{static_cast<int>(unable) + 1}, Failure{"no GPU"}};
  world.workers[3].delay_s = 5;
  CHECK(world.run(8) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 8);  // however many of them had the same task
  CHECK(world.dispatcher.workers_here() == 1);
  CHECK(world.dispatcher.stop_workers());

  World none(2);
  for (auto& worker : none.workers) worker.breaks = Goodbye{worker.box.rank(), Failure{"no GPU"}};
  CHECK_THROWS_WITH(none.run(8), Catch::Contains("rank 2 on node: no GPU"));
  World input(2);
  for (auto& worker : input.workers)
    worker.breaks = Goodbye{worker.box.rank(), Failure{"no weights.h5", FailureKind::input}};
  CHECK_THROWS_AS(input.run(8), InputError);
}

TEST_CASE("A task over which two workers break is set aside", "[master][dispatcher]") {
  World world(4);
  for (auto& worker : world.workers)
    worker.answer = [&](const Task& task) -> std::optional<Outcome> {
      if (task.id != TaskId{4}) return fake_outcome(task.work);
      worker.say(Goodbye{worker.box.rank(), Failure{"CUDA error: illegal address"}, task.id});
      return std::nullopt;
    };
  CHECK(world.run(6) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 5);
  CHECK_THAT(std::get<Failure>(world.results.at(TaskId{4}).outcome).message, Catch::Contains("illegal address"));
  CHECK(world.dispatcher.workers_here() == 2);
}

TEST_CASE("A worker with other settings is set aside by name; where all have others, the run ends",
          "[master][dispatcher]") {
  World world(2);
  world.workers[1].settings = kSettings + 1;
  CHECK(world.run(4) == Dispatcher::End::finished);
  CHECK(world.workers[1].given.empty());
  World others(2);
  for (auto& worker : others.workers) worker.settings = kSettings + 1;
  CHECK_THROWS_WITH(others.run(4), Catch::Contains("rank 1 on node"));
}

TEST_CASE("Who does not say goodbye is named and left behind within seconds", "[master][dispatcher]") {
  const TemporaryFolder folder;
  World world(3);
  CHECK(world.run(6) == Dispatcher::End::finished);
  world.workers[1].silent_from_s = world.now;
  log::open_file(folder / "log.txt");
  const double before = world.now;
  CHECK_FALSE(world.dispatcher.stop_workers());
  CHECK(world.now - before < 5);
  log::close_file();
  CHECK_THAT(read_file(folder / "log.txt"), Catch::Contains("worker 2 on node has not said goodbye"));
  CHECK_FALSE(world.dispatcher.stop_workers());
}

TEST_CASE("Workers tell how far they are", "[master][dispatcher]") {
  World world(2);
  for (auto& worker : world.workers) worker.delay_s = 10;
  CHECK(world.dispatcher.parts_under_way() == 0);
  double most = 0;
  world.run(2, [&] {
    most = std::max(most, world.dispatcher.parts_under_way());
    return false;
  });
  CHECK(most > 1.5);
  CHECK(most < 2);
}

TEST_CASE("Every try that failed and every worker that is lost or set aside is told, with host and reason",
          "[master][dispatcher]") {
  World silent(2);
  silent.workers[0].delay_s = 5;
  silent.workers[0].silent_from_s = 3;
  silent.run(6);
  REQUIRE(silent.setbacks.size() == 2);
  const auto& [lost, no_task] = silent.setbacks[0];
  CHECK((lost.kind == Setback::Kind::lost && lost.rank == Rank{1} && lost.host == "node"));
  CHECK_THAT(lost.reason, Catch::Contains("silent"));
  CHECK(no_task == TaskId{});
  const auto& [retry, task] = silent.setbacks[1];
  CHECK((retry.kind == Setback::Kind::retry && retry.rank == Rank{1}));
  CHECK(task == silent.workers[0].given.back());

  World broken(2);
  broken.workers[0].answer = always(Failure{"no memory"});
  broken.run(8);
  CHECK(broken.count(Setback::Kind::retry) == broken.dispatcher.counts().retried);
  CHECK(broken.count(Setback::Kind::set_aside) == 1);
  CHECK(broken.setbacks.front().first.reason == "no memory");
  CHECK(broken.setbacks.front().second == broken.workers[0].given.front());

  World diverging(2);
  for (auto& worker : diverging.workers) worker.answer = always(Failure{"not finite", FailureKind::candidate});
  diverging.run(4);
  CHECK(diverging.count(Setback::Kind::retry) == 4);  // the results tell the rest
}

TEST_CASE("On request it deals no more and returns at once; a later call starts clean", "[master][dispatcher]") {
  World world(2);
  CHECK(world.run(50, [&] { return world.results.size() >= 5; }) == Dispatcher::End::stopped);
  const auto before = world.results.size();
  CHECK(before < 10);
  std::vector<Job> jobs = {{World::task(60), 1}};
  CHECK(world.dispatcher.run(
            jobs, [&](const Task& t, const Result& r) { world.results.emplace(t.id, r); }, [] { return false; }) ==
        Dispatcher::End::finished);
  CHECK(world.results.size() == before + 1);
}

TEST_CASE("When it is to stop, what will be done within the grace is waited for, and no more is dealt",
          "[master][dispatcher]") {
  DispatchOptions options;
  options.grace_s = 10;
  World world(3, options);
  world.workers[0].delay_s = 6;
  world.workers[1].delay_s = 8;
  world.workers[2].delay_s = 100;
  double stopped_s = 0;
  const auto stop = [&] {
    if (world.now >= 4 && stopped_s == 0) stopped_s = world.now;
    return world.now >= 4;
  };
  SECTION("as their shares tell") {
    CHECK(world.run(20, stop) == Dispatcher::End::stopped);
    CHECK(world.results.size() == 2);
    CHECK(world.now < stopped_s + 8);  // not for the last one, which takes longer
  }
  SECTION("as such work took before, where they tell none") {
    world.dispatcher.expect_durations([](const Work&) { return 50; });
    world.workers[2].delay_s = 10'000;
    CHECK(world.run(20, stop) == Dispatcher::End::stopped);
    CHECK(world.results.size() == 2);
    CHECK(world.now < stopped_s + 8);
  }
  SECTION("as long as the grace where nothing is known") {
    world.workers[2].delay_s = 10'000;
    CHECK(world.run(20, stop) == Dispatcher::End::stopped);
    CHECK(world.now >= stopped_s + 10);
    CHECK(world.now < stopped_s + 12);
  }
  SECTION("for nothing where it is urgent") {
    world.dispatcher.hurry_when([&] { return world.now >= 6; });
    CHECK(world.run(20, stop) == Dispatcher::End::stopped);
    CHECK(world.results.size() <= 1);
    CHECK(world.now < 7);
  }
  for (const auto& worker : world.workers) CHECK(worker.given.size() == 1);
}

TEST_CASE("Free workers are supplied with more work while others are still busy", "[master][dispatcher]") {
  World world(3);
  world.workers[0].delay_s = 30;
  int supplied = 0, dealt = 0;
  world.dispatcher.on_free_workers(
      [&](int free) {
        CHECK(free >= 1);
        std::vector<Job> jobs;
        for (; free > 0 && supplied < 40; --free) jobs.push_back({World::task(100 + ++supplied), 1});
        return jobs;
      },
      [&] { ++dealt; });
  CHECK(world.run(3) == Dispatcher::End::finished);
  CHECK(supplied == 40);
  CHECK(dealt > 0);
  CHECK(world.answered_well() == 43);
  CHECK(world.workers[1].given.size() > 10);
}

TEST_CASE("More work is asked for when something new was heard, not at every sign of life", "[master][dispatcher]") {
  World world(3);
  world.workers[0].delay_s = 20;  // the others beat meanwhile
  int asked = 0;
  world.dispatcher.on_free_workers([&](int) {
    ++asked;
    return std::vector<Job>{};
  });
  CHECK(world.run(3) == Dispatcher::End::finished);
  CHECK(world.answered_well() == 3);
  CHECK(asked > 0);
  CHECK(asked <= 3 + 3);  // hellos and answers
}

TEST_CASE("A worker that was silent for a while and is heard again gets more work while others are still busy",
          "[master][dispatcher]") {
  World world(2);  // of which each is quiet after half its lease of 30 s, and lost after it
  world.workers[0].delay_s = 100;
  const double silent_s = GENERATE(20, 40);
  world.workers[1].silent_from_s = 4;
  world.workers[1].silent_until_s = 4 + silent_s;
  bool supplied = false;
  world.dispatcher.on_free_workers([&](int) {
    std::vector<Job> jobs;
    if (world.now >= 4 + silent_s && !std::exchange(supplied, true)) jobs.push_back({World::task(100), 1});
    return jobs;
  });
  CHECK(world.run(2) == Dispatcher::End::finished);
  CHECK(supplied);
  CHECK(world.workers[1].given.size() == 2);
}

TEST_CASE("Answers that came together are told to be gathered once", "[master][dispatcher]") {
  World world(5);
  std::size_t gathered = 0, told = 0;
  world.dispatcher.on_gathered([&] {
    ++gathered;
    CHECK(world.results.size() > told);
    told = world.results.size();
  });
  CHECK(world.run(50) == Dispatcher::End::finished);
  CHECK(told == 50);
  CHECK(gathered <= 20);  // five workers answer at one moment
}

TEST_CASE("No jobs are done at once", "[master][dispatcher]") {
  World world(1);
  CHECK(world.run(0) == Dispatcher::End::finished);
}

}  // namespace
}  // namespace harmonic
