// Search, dispatcher, codec, MPI and worker loop together; only the evaluator is a fake.
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>
#include <mpi.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/mpi/communicator.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/work/expected_cost.hpp"
#include "core/work/run_hash.hpp"
#include "master/dispatch/dispatcher.hpp"
#include "master/search/search.hpp"
#include "master/search/search_plan.hpp"
#include "proto/tags.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"
#include "worker/loop/worker_loop.hpp"

namespace harmonic {
namespace {

using namespace testing;
constexpr std::uint64_t kSettings = 11;

/// Barriers keep a case's messages out of the next one; leftovers (late heartbeats) are swept out before it starts.
struct Case {
  Communicator world;
  Case() {
    log::set_level(log::Level::error);
    MPI_Barrier(MPI_COMM_WORLD);
    for (const int tag : {kToMaster, kToWorker})
      while (world.try_receive(tag)) continue;
    MPI_Barrier(MPI_COMM_WORLD);
  }
  ~Case() {
    MPI_Barrier(MPI_COMM_WORLD);
    log::set_level(log::Level::info);
  }
  [[nodiscard]] bool is_master() const { return world.rank() == kMasterRank; }
};

Search make_search() {
  EvolutionSettings settings;
  settings.population = 12;
  settings.generations = 3;
  return {settings,
          Seed{7},
          {find_space("avmnist-image"), find_space("avmnist-audio")},
          {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs},
          /*pairs_at_once=*/1,
          /*most_retrainings=*/3};
}

/// The same search without any transport; `seconds` are left out.
Archive archive_without_mpi() {
  auto search = make_search();
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask())
    for (const auto& task : tasks) search.tell({task.id, Rank{0}, 0, fake_outcome(task.work)});
  return search.archive();
}

Archive search_with(Dispatcher& dispatcher) {
  dispatcher.expect_settings(kSettings);
  auto search = make_search();
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask()) {
    std::vector<Job> jobs;
    for (const auto& task : tasks) jobs.push_back({task, expected_cost(task.work)});
    const auto on_result = [&](const Task&, Result result) {
      result.seconds = 0;
      search.tell(result);
    };
    REQUIRE(dispatcher.run(jobs, on_result, [] { return false; }) == Dispatcher::End::finished);
  }
  return search.archive();
}

WorkerLoop make_worker(Communicator& world) {
  return {world, make_hello(world.rank(), [] { return kSettings; }), [] { return std::make_unique<FakeEvaluator>(); }};
}

TEST_CASE("The same archive comes out whatever the number of ranks", "[mpi]") {
  Case now;
  if (now.world.size() == 1) {
    auto worker = make_worker(now.world);
    Dispatcher dispatcher(now.world, {}, [&] { worker.poll(); });
    CHECK(search_with(dispatcher) == archive_without_mpi());
    CHECK(dispatcher.stop_workers());
    worker.run();
  } else if (now.is_master()) {
    Dispatcher dispatcher(now.world, {}, [] {});
    CHECK(search_with(dispatcher) == archive_without_mpi());
    CHECK(dispatcher.stop_workers());
  } else {
    auto worker = make_worker(now.world);
    worker.run();
    CHECK_FALSE(worker.rank_lost());
  }
}

/// What rank 1 does instead of working.
template <class BadWorker>
void with_bad_worker(const BadWorker& misbehave) {
  Case now;
  if (now.world.size() < 3) return;  // a good worker must be left
  if (now.is_master()) {
    DispatchOptions options;
    options.lease_s = 1.5;
    Dispatcher dispatcher(now.world, options, [] {});
    CHECK(search_with(dispatcher) == archive_without_mpi());
    CHECK(dispatcher.counts().lost_workers == 1);
    CHECK(dispatcher.counts().retried == 1);
    CHECK_FALSE(dispatcher.workers().at(Rank{1}).reason.message.empty());
    CHECK_FALSE(dispatcher.stop_workers());
  } else if (now.world.rank() == Rank{1}) {
    now.world.post(kMasterRank, kToMaster, encode(make_hello(Rank{1}, [] { return kSettings; })));
    std::optional<Message> message;
    do message = now.world.try_receive(kToWorker);
    while (!message || !std::holds_alternative<Task>(decode_envelope(message->bytes).value()));
    misbehave(now.world, std::get<Task>(decode_envelope(message->bytes).value()));
    do message = now.world.try_receive(kToWorker);
    while (!message || !std::holds_alternative<Stop>(decode_envelope(message->bytes).value()));
  } else {
    make_worker(now.world).run();
  }
}

TEST_CASE("A worker that falls silent over its task costs a retry, not the result", "[mpi]") {
  with_bad_worker([](Communicator&, const Task&) {});
}

TEST_CASE("A worker that answers with noise costs a retry, not the result", "[mpi]") {
  with_bad_worker(
      [](Communicator& world, const Task&) { world.post(kMasterRank, kToMaster, Bytes(100, std::byte{0xee})); });
}

TEST_CASE("A worker that answers something else costs a retry, not the result", "[mpi]") {
  with_bad_worker([](Communicator& world, const Task& task) {
    world.post(kMasterRank, kToMaster, encode(Result{task.id, Rank{1}, 1, TestScore{50}}));
  });
}

/// Rank 1's evaluator does `first` before it answers.
void with_bad_evaluator(const std::function<void()>& first, DispatchOptions options, int lost) {
  class Bad final : public FakeEvaluator {
   public:
    explicit Bad(std::function<void()> first) : first_(std::move(first)) {}
    [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
      first_();
      return FakeEvaluator::evaluate(work, hooks);
    }

   private:
    std::function<void()> first_;
  };
  Case now;
  if (now.world.size() < 3) return;  // a good worker must be left
  if (now.is_master()) {
    Dispatcher dispatcher(now.world, std::move(options), [] {});
    CHECK(search_with(dispatcher) == archive_without_mpi());
    CHECK(dispatcher.counts().lost_workers == lost);
    CHECK(dispatcher.counts().failed == 0);
    CHECK(dispatcher.stop_workers());
  } else {
    WorkerLoop worker(now.world, make_hello(now.world.rank(), [] { return kSettings; }),
                      [&]() -> std::unique_ptr<Evaluator> {
                        if (now.world.rank() == Rank{1}) return std::make_unique<Bad>(first);
                        return std::make_unique<FakeEvaluator>();
                      });
    worker.run();
    CHECK_FALSE(worker.rank_lost());
  }
}

TEST_CASE("A node that can do nothing is set aside, and does not change the result", "[mpi]") {
  with_bad_evaluator([] { throw RunError("disk full"); }, {}, 1);
}

TEST_CASE("A GPU that breaks makes its worker leave, and does not change the result", "[mpi]") {
  with_bad_evaluator([] { throw WorkerError("CUDA error"); }, {}, 1);
}

TEST_CASE("A late answer does not change the result, nor does it cost a worker", "[mpi]") {
  DispatchOptions options;
  options.deadline_s = 0.2;
  bool late = false;
  with_bad_evaluator(
      [&] {
        if (!std::exchange(late, true)) std::this_thread::sleep_for(std::chrono::milliseconds(700));
      },
      options, 0);
}

TEST_CASE("A worker that never says hello does not hold the others up", "[mpi]") {
  Case now;
  if (now.world.size() < 3) return;
  if (now.is_master()) {
    Dispatcher dispatcher(now.world, {}, [] {});
    CHECK(search_with(dispatcher) == archive_without_mpi());
    CHECK_FALSE(dispatcher.stop_workers());
  } else if (now.world.rank() != Rank{1}) {
    make_worker(now.world).run();
  }
}

/// A whole run in this process alone. The text of its front.csv.
std::string front_of_one(SearchSettings settings) {
  settings.run += " alone";
  MemoryNetwork network(1);
  auto box = network.box(kMasterRank);
  WorkerLoop worker(box, make_hello(kMasterRank, [&] { return run_fingerprint(settings); }),
                    [] { return std::make_unique<FakeEvaluator>(); });
  RunHooks hooks;
  hooks.idle = [&] { worker.poll(); };
  CHECK(run_search(settings, box, hooks) == ExitCode::done);
  worker.run();
  return read_file(std::filesystem::path(settings.run) / "front.csv");
}

TEST_CASE("A whole run leaves the same front, byte for byte, whatever the number of ranks", "[mpi]") {
  Case now;
  const TemporaryFolder folder;
  SearchSettings settings;
  std::uint64_t hash = 0;
  if (now.is_master()) {
    settings = tiny_run(folder.path());
    hash = run_fingerprint(settings);
  }
  MPI_Bcast(&hash, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
  std::unique_ptr<WorkerLoop> worker;
  if (!now.is_master() || now.world.size() == 1)
    worker = std::make_unique<WorkerLoop>(now.world, make_hello(now.world.rank(), [&] { return hash; }),
                                          [] { return std::make_unique<FakeEvaluator>(); });
  if (now.is_master()) {
    RunHooks hooks;
    hooks.abandon = [] { FAIL("a worker was lost"); };
    if (worker) hooks.idle = [&] { worker->poll(); };
    CHECK(run_search(settings, now.world, hooks) == ExitCode::done);
    const auto folder_of_run = std::filesystem::path(settings.run);
    CHECK(read_file(folder_of_run / "front.csv") == front_of_one(settings));
    CHECK_THAT(read_file(folder_of_run / "status.json"), Catch::Contains("\"finished\""));  // told last, too
  }
  if (worker) worker->run();
}

}  // namespace
}  // namespace harmonic
