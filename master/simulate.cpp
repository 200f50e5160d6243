// harmonic simulate: workers and master of a simulation in one program, without LibTorch. Beside compute.cpp the only
// file that sees both.
#include "master/simulate.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>
#include <thread>

#include "core/config/space_config.hpp"
#include "core/mpi/communicator.hpp"
#include "core/mpi/session.hpp"
#include "core/mpi/slurm_start.hpp"
#include "core/work/run_hash.hpp"
#include "core/work/stop_signal.hpp"
#include "master/dispatch/heartbeat_thread.hpp"
#include "master/guarded.hpp"
#include "master/program_words.hpp"
#include "master/run/run_settings.hpp"
#include "master/simulate/made_up_answers.hpp"
#include "master/simulate/simulation.hpp"
#include "master/simulate/virtual_workers.hpp"
#include "master/simulate/work_durations.hpp"
#include "worker/loop/worker_loop.hpp"

namespace harmonic {
namespace {

constexpr double kFinalize_s = 10;  // as harmonic-compute's

/// Waits as long as the work would take, and answers what is made up.
class WaitingEvaluator final : public Evaluator {
 public:
  explicit WaitingEvaluator(const SimulateSettings& settings)
      : answers_(settings), durations_(settings.durations, Seed{settings.run.seed}) {}

  [[nodiscard]] Outcome evaluate(const Work& work, const WorkHooks& hooks) override {
    constexpr double kLook_s = 0.1;  // whether it is still wanted
    const Clock clock = steady_clock();
    const double start_s = clock(), seconds = durations_.of(work);
    auto outcome = answers_.answer(work);
    for (double elapsed = clock() - start_s; elapsed < seconds; elapsed = clock() - start_s) {
      if (hooks.cancelled()) throw Cancelled();
      hooks.progress(elapsed / seconds);
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(kLook_s, seconds - elapsed)));
    }
    return outcome;
  }

 private:
  MadeUpAnswers answers_;
  WorkDurations durations_;
};

/// How many ranks mpirun started; nothing where it did not.
std::optional<std::string_view> ranks_of_mpirun() {
  const char* ranks = std::getenv("OMPI_COMM_WORLD_SIZE");
  return ranks == nullptr ? std::nullopt : std::optional<std::string_view>(ranks);
}

/// Whether this process is one of several that mpirun or srun started.
bool has_company(const StartedBySlurm& slurm) {
  return slurm.tasks > 1 || ranks_of_mpirun().value_or("1") != "1";
}

/// Of several processes each would play all of it. One speaks for all.
ExitCode refuse_company(const StartedBySlurm& slurm) {
  const auto refuse = []() -> ExitCode {
    throw InputError("virtual time needs no ranks", "call it without mpirun; --workers says how many are played");
  };
  if (slurm.tasks > 1) return guarded(slurm.task == 0, refuse);
  int argc = 0;
  char** argv = nullptr;
  MpiSession session(argc, argv);  // which tells a launcher the exit code
  const Communicator world;
  session.leave(guarded(world.rank().value == 0, refuse));
}

/// One process, and a clock that jumps.
ExitCode in_virtual_time(const SimulateSettings& settings, RunHooks hooks) {
  const MadeUpAnswers answers(settings);
  const WorkDurations durations(settings.durations, Seed{settings.run.seed});
  VirtualWorkers workers(
      settings.workers, run_fingerprint(settings.searched()), [&](const Work& work) { return answers.answer(work); },
      [&](const Work& work) { return durations.of(work); });
  workers.set(hooks);
  return run_simulation(settings, workers, std::move(hooks), [&] { return workers.own_cpu_s(); });
}

ExitCode in_real_time(const SimulateSettings& settings, RunHooks hooks, MpiSession& session) {
  session.limit_finalize(kFinalize_s);
  Communicator world;
  std::optional<WorkerLoop> worker;
  if (world.rank().value != 0 || world.size() == 1)
    worker.emplace(world, make_hello(world.rank(), [&] { return run_fingerprint(settings.searched()); }),
                   [settings] { return std::make_unique<WaitingEvaluator>(settings); });
  if (world.rank().value == 0) {
    const HeartbeatThread alive(world);
    hooks.idle = [&] {
      if (worker) worker->poll();
    };
    hooks.abandon = [&] { session.take_down(); };
    return run_simulation(settings, world, std::move(hooks));
  }
  worker->run();
  if (worker->rank_lost()) session.abandon();
  return worker->master_lost() ? ExitCode::failed : ExitCode::done;
}

}  // namespace

ExitCode simulate_command(const std::string& program, const Arguments& args) {
  SimulateSettings settings;
  OptionSet options("harmonic simulate",
                    "Plays a search without computing: the real master, messages, journal and checkpoint, with workers "
                    "that wait instead (--durations), and answer from sweeps (--answers) or made-up scores. Under "
                    "mpirun the ranks are its workers; with --virtual-time --workers N all of it is one process, and "
                    "nothing is waited for. Takes the config of a search, of which data and weights play no part.");
  settings.declare(options);
  if (read_run_settings(options, settings, settings.run, "simulate", args) == OptionSet::Parsed::help_printed)
    return ExitCode::done;
  catch_stop_signals();
  RunHooks hooks;
  hooks.configs = config_files(args);
  hooks.stop = stop_signal_seen;
  hooks.hurry = stop_is_urgent;
  const auto slurm = started_by_slurm();
  if (settings.virtual_time) {
    if (has_company(slurm)) return refuse_company(slurm);
    say_notices(options);
    hooks.program = program_words(program, 1);
    const auto play = [&] { return in_virtual_time(settings, hooks); };
    if (!ranks_of_mpirun()) return play();
    int argc = 0;
    char** argv = nullptr;
    MpiSession session(argc, argv);  // for which mpirun waits, and its script for the exit code
    session.leave(guarded(true, play));
  }
  int argc = 0;
  char** argv = nullptr;
  MpiSession session(argc, argv);
  const Communicator world;
  check_not_alone(slurm, world.size());
  const bool speaks = world.rank().value == 0;
  if (speaks) say_notices(options);
  hooks.program = program_words(program, world.size());
  session.leave(guarded(speaks, [&] { return in_real_time(settings, std::move(hooks), session); }));
}

}  // namespace harmonic
