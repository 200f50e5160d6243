// Rank 1 kills itself over its first piece of work; the others do everything and leave in good order.
#include <csignal>
#include <iostream>

#include "core/mpi/communicator.hpp"
#include "core/mpi/session.hpp"
#include "master/dispatcher.hpp"
#include "tests/support/fakes.hpp"
#include "worker/loop/worker_loop.hpp"

namespace {

using namespace harmonic;

class Doomed final : public Evaluator {
 public:
  [[nodiscard]] Outcome evaluate(const Work&, const WorkHooks&) override {
    std::raise(SIGKILL);
    return Failure{};
  }
};

std::unique_ptr<Evaluator> evaluator_of(Rank rank) {
  if (rank == Rank{1}) return std::make_unique<Doomed>();
  return std::make_unique<testing::FakeEvaluator>();
}

bool lead(Communicator& world) {
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
  std::cout << "all " << well << " tasks answered, " << dispatcher.counts().lost_workers << " worker lost\n";
  return dispatcher.stop_workers();
}

}  // namespace

int main(int argc, char** argv) {
  MpiSession session(argc, argv);
  Communicator world;
  bool whole = false;
  if (world.rank() == Rank{0}) {
    whole = lead(world);
  } else {
    WorkerLoop worker(world, make_hello(world.rank(), [] { return std::uint64_t{0}; }),
                      [&] { return evaluator_of(world.rank()); });
    worker.run();
    whole = !worker.rank_lost();
  }
  if (!whole) session.abandon();
  session.leave(ExitCode::done);
}
