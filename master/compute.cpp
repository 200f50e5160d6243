// The program's second half, harmonic-compute: the commands that compute on ranks, which `harmonic` hands over. The
// only file that sees both the master and the worker.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string_view>

#include <sys/prctl.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/config/search_settings.hpp"
#include "core/config/space_config.hpp"
#include "core/mpi/communicator.hpp"
#include "core/mpi/session.hpp"
#include "core/mpi/slurm_start.hpp"
#include "core/work/run_hash.hpp"
#include "core/work/stop_signal.hpp"
#include "master/commands/commands.hpp"
#include "master/dispatch/heartbeat_thread.hpp"
#include "master/guarded.hpp"
#include "master/program_words.hpp"
#include "master/report/report.hpp"
#include "master/report/run_model.hpp"
#include "master/reproduce/reproduce_plan.hpp"
#include "master/reproduce/reproduced_cell.hpp"
#include "master/run/data_shape.hpp"
#include "master/run/run_folder.hpp"
#include "master/run/run_settings.hpp"
#include "master/search/search_plan.hpp"
#include "master/sweep/sweep.hpp"
#include "worker/commands/commands.hpp"
#include "worker/group/placement.hpp"
#include "worker/loop/worker_loop.hpp"
#include "worker/models/model_file.hpp"
#include "worker/pairs_at_once.hpp"
#include "worker/search_evaluator.hpp"
#include "worker/search_inputs.hpp"
#include "worker/sweep_evaluator.hpp"
#include "worker/tensor/device_room.hpp"

namespace harmonic {
namespace {

constexpr double kFinalize_s = 10;  // for MPI_Finalize, once all have said goodbye

/// How this process was started.
struct Program {
  MpiSession& session;
  std::vector<std::string> words;  ///< those before the command's own: launcher, program
};

/// A command whose work rank 0 deals to the others.
struct DealtCommand {
  std::function<std::uint64_t()> fingerprint;  ///< what all ranks must agree on @throws InputError
  EvaluatorFactory make_evaluator;
  Compute compute = Compute::automatic;              ///< on what the evaluator computes
  std::function<ExitCode(Mailbox&, RunHooks)> lead;  ///< the master's part
};

/// Rank 0 is the master (`lead`), the other ranks are workers; in a world of one, rank 0 is both in turn. From the
/// first moment all give signs of life: nothing is read, and no rank waits for another, before a worker has said hello.
ExitCode run_on_ranks(const Program& program, const DealtCommand& command) {
  auto& session = program.session;
  session.limit_finalize(kFinalize_s);
  Communicator world;
  std::optional<WorkerLoop> worker;
  if (world.rank().value != 0 || world.size() == 1) {
    WorkerLoopOptions options;
    const auto device = [compute = command.compute, place = local_place()] { return choose_device(compute, place); };
    options.device = [device] { return device_text(device()); };
    options.meter = [device] { return find_energy_meter(metered_device(device())); };
    worker.emplace(world, make_hello(world.rank(), command.fingerprint), command.make_evaluator, options);
  }
  if (world.rank().value == 0) {
    const HeartbeatThread alive(world);
    RunHooks hooks;
    hooks.program = program.words;
    hooks.idle = [&] {
      if (worker) worker->poll();
    };
    hooks.stop = stop_signal_seen;
    hooks.hurry = stop_is_urgent;
    hooks.abandon = [&] { session.take_down(); };
    return command.lead(world, std::move(hooks));
  }
  worker->run();
  if (worker->rank_lost()) session.abandon();
  if (!worker->master_lost()) return ExitCode::done;
  if (world.rank().value == 1)  // one speaks for all
    log::error("rank 0, the master, is gone; what was finished is on disk: start again with --resume");
  return ExitCode::failed;
}

/// A search, or what takes its settings, which are read from `options`.
ExitCode run_on_ranks(const Program& program, const Arguments& args, const SearchSettings& settings,
                      const OptionSet& options, const std::function<ExitCode(Mailbox&, const RunHooks&)>& lead) {
  return run_on_ranks(
      program, {.fingerprint = [&] { return run_fingerprint(settings); },
                .make_evaluator = [settings, place = local_place()] { return make_search_evaluator(settings, place); },
                .compute = settings.compute,
                .lead =
                    [&](Mailbox& world, RunHooks hooks) {
                      say_notices(options);
                      hooks.configs = config_files(args);
                      hooks.check_paths = [&] { options.check_files(); };
                      hooks.check = [&] { check_weights(settings); };
                      hooks.has_model = has_whole_model;
                      hooks.report = [](const auto& run, bool goes_on) { return write_report(run, goes_on); };
                      return lead(world, hooks);
                    }});
}

/// What `pairs-at-once = auto` is from here on; to be called by rank 0.
void decide_pairs_at_once(SearchSettings& settings, LocalPlace place) {
  if (settings.fusion.pairs_at_once != kAutomaticPairs) return;
  const RunPaths paths{settings.run};
  if (settings.resume && std::filesystem::exists(paths.config()))  // what it was found to be, there and then
    settings.fusion.pairs_at_once = read_recorded(paths).settings.fusion.pairs_at_once;
  if (settings.fusion.pairs_at_once != kAutomaticPairs) return;
  const auto device = choose_device(settings.compute, place);
  use_device(settings.device_use, device, ranks_on(device, place));
  settings.fusion.pairs_at_once = automatic_pairs_at_once(settings, device);
  log::info("pairs-at-once is auto: {} on {}", settings.fusion.pairs_at_once,
            device.is_cpu() ? "a CPU" : device_text(device));
}

ExitCode search_command(const Arguments& args, const Program& program) {
  SearchSettings settings;
  OptionSet options("harmonic search", "Searches for the Pareto front of multimodal networks on the given devices.");
  settings.declare(options);
  if (read_run_settings(options, settings, settings, "search", args) == OptionSet::Parsed::help_printed)
    return ExitCode::done;
  return run_on_ranks(program, args, settings, options,
                      [&, place = local_place()](Mailbox& world, const RunHooks& hooks) {
                        decide_pairs_at_once(settings, place);
                        return run_search(settings, world, hooks);
                      });
}

ExitCode reproduce_command(const Arguments& args, const Program& program) {
  ReproduceSettings settings;
  OptionSet options("harmonic reproduce",
                    "Measures rows of a published table: the given backbones and macro-architecture, fusion searched "
                    "for several times over. Takes the config of a search; its [evolution] plays no part. Two forms "
                    "need no data set: harmonic reproduce --lut TABLE.json … judges published latency and energy by "
                    "look-up tables alone, harmonic reproduce --join RUN… puts runs together; each has a --help. " +
                        verdict_rule());
  settings.declare(options);
  try {
    if (read_run_settings(options, settings, settings.run, "reproduce", args) == OptionSet::Parsed::help_printed)
      return ExitCode::done;
  } catch (const InputError& e) {
    if (e.problem() != "harmonic reproduce needs --data") throw;
    throw InputError(
        "harmonic reproduce needs --data, --lut or --join",
        "give a data set to train and measure on, tables to judge published costs by alone, or runs to put "
        "together; see harmonic reproduce --help");
  }
  return run_on_ranks(program, args, settings.run, options,
                      [&, place = local_place()](Mailbox& world, const RunHooks& hooks) {
                        decide_pairs_at_once(settings.run, place);
                        return run_reproduction(settings, world, hooks);
                      });
}

ExitCode sweep_command(const Arguments& args, const Program& program) {
  EvaluationOptions evaluation;
  SweepOptions sweep;
  OptionSet options("harmonic supernet sweep",
                    "Measures many sub-networks, or every distinct one, after recalibration. Under mpirun rank 0 deals "
                    "them to the others.");
  evaluation.declare(options);
  sweep.declare(options);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  sweep.check();
  sweep.words = args;
  const LocalPlace place = local_place();
  const SweepSource source{.files = evaluation.files(),
                           .fingerprint = [&] { return evaluation.fingerprint(); },
                           .open = [&] { return open_sweep(evaluation, place); }};
  return run_on_ranks(program,
                      {.fingerprint = source.fingerprint,
                       .make_evaluator = [evaluation, place] { return make_sweep_evaluator(evaluation, place); },
                       .compute = evaluation.compute,
                       .lead =
                           [&](Mailbox& world, RunHooks hooks) {
                             say_notices(options);
                             hooks.configs = config_files(args);
                             return run_sweep(sweep, source, world, hooks);
                           }});
}

/// A model that `harmonic export` or `evaluate` is asked for.
RunModel find_run_model(const std::string& folder, const std::string& id) {
  const RunPaths paths = run_in(folder);
  auto recorded = read_recorded(paths);
  return {std::move(recorded.settings), find_kept_model(paths, load_run_results(paths.folder), id),
          find_data_hash(paths.inputs())};
}

/// harmonic supernet ACTION: a sweep has a master, the other actions are the worker's alone.
ExitCode supernet(const Arguments& args, const Program& program) {
  if (!args.empty() && args.front() == "sweep") return sweep_command({args.begin() + 1, args.end()}, program);
  return supernet_command(args, program.words, [&program] { program.session.abandon(); });
}

ExitCode export_model_of_run(const Arguments& args, const Program&) {
  return export_command(args, find_run_model);
}

ExitCode evaluate_model_of_run(const Arguments& args, const Program&) {
  return evaluate_command(args, find_run_model, [](const std::string& run) { write_report(run); });
}

ExitCode lut(const Arguments& args, const Program&) {
  return lut_measuring_command(args);
}

/// Whether the command takes a signal as a wish to stop (workers leave it to the master, who sends them home); the
/// others are short, and a signal ends them.
bool stops_with_a_checkpoint(std::string_view command, std::string_view action) {
  if (command == "lut") return action == "profile";
  if (command == "supernet") return action == "sweep" || action == "train";
  return command != "export" && command != "evaluate";
}

ExitCode run(int argc, char** argv, const StartedBySlurm& slurm) {
  using Command = ExitCode (*)(const Arguments&, const Program&);
  const std::map<std::string_view, Command> commands = {
      {"supernet", supernet},          {"lut", lut},
      {"search", search_command},      {"reproduce", reproduce_command},
      {"export", export_model_of_run}, {"evaluate", evaluate_model_of_run}};
  const auto command = argc > 1 ? commands.find(argv[1]) : commands.end();
  if (command == commands.end())
    throw InputError("harmonic-compute is a part of harmonic", "call that: harmonic --help lists its commands");
  check_not_alone(slurm);
  // Before MPI starts: once the ranks have met, all of them hear a wish to stop, and none dies of it.
  if (stops_with_a_checkpoint(argv[1], argc > 2 ? argv[2] : "")) catch_stop_signals();
  MpiSession session(argc, argv);
  check_not_alone(slurm, Communicator().size());
  choose_mig_instance();
  const bool speaks = Communicator().rank().value == 0;
  if (!speaks) std::cout.rdbuf(nullptr);  // --help and --print-config, too, are said once
  const Program program{session, program_words(argv[0], Communicator().size())};
  session.leave(guarded(speaks, [&] { return command->second({argv + 2, argv + argc}, program); }));
}

}  // namespace
}  // namespace harmonic

int main(int argc, char** argv) {
  ::prctl(PR_SET_NAME, "harmonic");  // as ps and pkill know it
  const auto slurm = harmonic::started_by_slurm();
  return static_cast<int>(harmonic::guarded(slurm.task == 0, [&] { return harmonic::run(argc, argv, slurm); }));
}
