// Rank 1 goes for good, in the way that the argument says; the others do everything, and the job ends by itself.
//   killed    it dies over its first piece of work
//   half      it is stopped when it has begun to send something large (half-killed: it dies)
//   deaf      it is stopped while something large is on its way to it (deaf-killed: it dies)
//   stopped   it does its part, and is stopped when it is to say goodbye
#include <chrono>
#include <csignal>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "core/base/seconds_since.hpp"
#include "core/mpi/communicator.hpp"
#include "core/mpi/session.hpp"
#include "master/dispatch/dispatcher.hpp"
#include "proto/tags.hpp"
#include "tests/support/fakes.hpp"
#include "worker/loop/worker_loop.hpp"

namespace {

using namespace harmonic;

Hello hello(const Communicator& world) {
  return make_hello(world.rank(), [] { return std::uint64_t{0}; });
}

/// Answers like a worker, but does as `on_task` and `on_stop` say first.
void misbehave(Communicator& world, const std::function<void()>& on_task, const std::function<void()>& on_stop) {
  world.post(kMasterRank, kToMaster, encode(hello(world)));
  while (true) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto message = world.try_receive(kToWorker);
    if (!message) continue;
    const auto envelope = decode_envelope(message->bytes).value();
    if (const auto* task = std::get_if<Task>(&envelope)) {
      on_task();
      world.post(kMasterRank, kToMaster, encode(Result{task->id, world.rank(), 0, testing::fake_outcome(task->work)}));
    } else if (std::holds_alternative<Stop>(envelope)) {
      on_stop();
    }
  }
}

void go_as(const std::string& way, Communicator& world) {
  const auto after_half_a_message = [&](int signal) {
    world.post(kMasterRank, kToMaster, Bytes(64'000'000));
    std::raise(signal);
  };
  const auto nothing = [] {};
  if (way == "killed")
    misbehave(
        world, [] { std::raise(SIGKILL); }, nothing);
  if (way == "half")
    misbehave(
        world, [&] { after_half_a_message(SIGSTOP); }, nothing);
  if (way == "half-killed")
    misbehave(
        world, [&] { after_half_a_message(SIGKILL); }, nothing);
  if (way.starts_with("deaf")) {  // hears that something large is there, and never takes it
    world.post(kMasterRank, kToMaster, encode(hello(world)));
    constexpr int kNoTag = 99;
    const auto start = std::chrono::steady_clock::now();
    while (seconds_since(start) < 1) static_cast<void>(world.try_receive(kNoTag));
    std::raise(way == "deaf" ? SIGSTOP : SIGKILL);
  }
  if (way == "stopped") misbehave(world, nothing, [] { std::raise(SIGSTOP); });
}

bool lead(const std::string& way, Communicator& world) {
  if (way.starts_with("deaf")) world.post(Rank{1}, kToWorker, Bytes(32'000'000));
  DispatchOptions options;
  options.lease_s = 2;
  Dispatcher dispatcher(world, options, [] {});
  std::vector<Job> jobs;
  for (std::uint64_t id = 1; id <= 12; ++id)
    jobs.push_back({{TaskId{id}, EvaluateBackbones{0, {smallest_genome(find_space("avmnist-image"))}}}, 1.0});
  int well = 0;
  const auto on_result = [&](const Task& task, const Result& result) {
    well += result.outcome == testing::fake_outcome(task.work) ? 1 : 0;
  };
  dispatcher.run(jobs, on_result, [] { return false; });
  const bool whole = dispatcher.stop_workers();
  std::cout << "all " << well << " tasks answered, " << dispatcher.counts().lost_workers << " lost on the way, "
            << (whole ? "all" : "not all") << " said goodbye" << std::endl;
  return whole;
}

}  // namespace

int main(int argc, char** argv) {
  MpiSession session(argc, argv);
  session.limit_finalize(10);
  Communicator world;
  if (world.rank() == Rank{0}) {
    if (!lead(argv[1], world)) session.take_down();
  } else if (world.rank() == Rank{1}) {
    go_as(argv[1], world);
  } else {
    WorkerLoop worker(world, hello(world), [&] { return std::make_unique<testing::FakeEvaluator>(); });
    worker.run();
    if (worker.rank_lost()) session.abandon();
  }
  session.leave(ExitCode::done);
}
