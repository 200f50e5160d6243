// The program: one executable, subcommands. The only file that sees both the master and the worker.
#include <cstdint>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/config/search_settings.hpp"
#include "core/mpi/communicator.hpp"
#include "core/mpi/session.hpp"
#include "core/work/run_hash.hpp"
#include "core/work/stop_signal.hpp"
#include "master/commands/commands.hpp"
#include "master/heartbeat_thread.hpp"
#include "master/report/report.hpp"
#include "master/reproduce_plan.hpp"
#include "master/search_plan.hpp"
#include "master/sweep.hpp"
#include "worker/commands/commands.hpp"
#include "worker/group/placement.hpp"
#include "worker/loop/worker_loop.hpp"
#include "worker/search_evaluator.hpp"
#include "worker/search_inputs.hpp"
#include "worker/sweep_evaluator.hpp"

namespace harmonic {
namespace {

/// Which ranks of an MPI job run a command.
enum class Runs {
  alone,     ///< no MPI
  on_ranks,  ///< every rank, together
};

struct Command {
  std::string name;
  std::string summary;
  Runs runs;
  std::function<ExitCode(const Arguments&, MpiSession*)> run;
};

constexpr double kFinalize_s = 10;  // for MPI_Finalize, once all have said goodbye

/// A command whose work rank 0 deals to the others.
struct DealtCommand {
  std::function<std::uint64_t()> fingerprint;  ///< what all ranks must agree on @throws InputError
  EvaluatorFactory make_evaluator;
  std::function<ExitCode(Mailbox&, RunHooks)> lead;  ///< the master's part
};

/// Rank 0 is the master (`lead`), the other ranks are workers; in a world of one, rank 0 is both in turn. From the
/// first moment all give signs of life: nothing is read, and no rank waits for another, before a worker has said hello.
ExitCode run_on_ranks(MpiSession& session, const DealtCommand& command) {
  catch_stop_signals();  // workers leave it to the master, who sends them home
  session.limit_finalize(kFinalize_s);
  Communicator world;
  std::optional<WorkerLoop> worker;
  if (world.rank().value != 0 || world.size() == 1)
    worker.emplace(world, make_hello(world.rank(), command.fingerprint), command.make_evaluator);
  if (world.rank().value == 0) {
    const HeartbeatThread alive(world);
    RunHooks hooks;
    hooks.idle = [&] {
      if (worker) worker->poll();
    };
    hooks.stop = stop_signal_seen;
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

/// A search, or what takes its settings.
ExitCode run_on_ranks(MpiSession& session, const SearchSettings& settings,
                      const std::function<ExitCode(Mailbox&, const RunHooks&)>& lead) {
  return run_on_ranks(
      session, {.fingerprint = [&] { return run_fingerprint(settings); },
                .make_evaluator = [settings, place = local_place()] { return make_search_evaluator(settings, place); },
                .lead =
                    [&](Mailbox& world, RunHooks hooks) {
                      hooks.check = [&] { check_weights(settings); };
                      hooks.report = write_report;
                      return lead(world, hooks);
                    }});
}

ExitCode search_command(const Arguments& args, MpiSession& session) {
  SearchSettings settings;
  OptionSet options("harmonic search", "Searches for the Pareto front of multimodal networks on the given devices.");
  settings.declare(options);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  settings.check();
  return run_on_ranks(session, settings,
                      [&](Mailbox& world, const RunHooks& hooks) { return run_search(settings, world, hooks); });
}

ExitCode reproduce_command(const Arguments& args, MpiSession& session) {
  ReproduceSettings settings;
  OptionSet options("harmonic reproduce",
                    "Measures rows of a published table: the given backbones and macro-architecture, fusion searched "
                    "for several times over. Takes the config of a search; its [evolution] plays no part.");
  settings.declare(options);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  settings.check();
  return run_on_ranks(session, settings.run,
                      [&](Mailbox& world, const RunHooks& hooks) { return run_reproduction(settings, world, hooks); });
}

ExitCode sweep_command(const Arguments& args, MpiSession& session) {
  EvaluationOptions evaluation;
  SweepOptions sweep;
  OptionSet options("harmonic supernet sweep",
                    "Measures many sub-networks, or every distinct one, after recalibration. Under mpirun rank 0 deals "
                    "them to the others.");
  evaluation.declare(options);
  sweep.declare(options);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  sweep.check();
  const LocalPlace place = local_place();
  const SweepSource source{.files = evaluation.files(),
                           .fingerprint = [&] { return evaluation.fingerprint(); },
                           .open = [&] { return open_sweep(evaluation, place); }};
  return run_on_ranks(
      session, {.fingerprint = source.fingerprint,
                .make_evaluator = [evaluation, place] { return make_sweep_evaluator(evaluation, place); },
                .lead = [&](Mailbox& world, const RunHooks& hooks) { return run_sweep(sweep, source, world, hooks); }});
}

/// harmonic supernet ACTION: a sweep has a master, the other actions are the worker's alone.
ExitCode supernet(const Arguments& args, MpiSession& session) {
  if (!args.empty() && args.front() == "sweep") return sweep_command({args.begin() + 1, args.end()}, session);
  return supernet_command(args, [&session] { session.abandon(); });
}

/// For commands that need no more of MPI than whether it is there.
auto without_mpi(ExitCode (*run)(const Arguments&)) {
  return [run](const Arguments& args, MpiSession*) { return run(args); };
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"data", "make, import and show data sets", Runs::alone, without_mpi(data_command)},
      {"supernet", "train, import and evaluate weight-sharing backbones", Runs::on_ranks,
       [](const Arguments& args, MpiSession* session) { return supernet(args, *session); }},
      {"lut", "look-up tables of latency and energy", Runs::alone, without_mpi(lut_command)},
      {"search", "the main job: find the Pareto front", Runs::on_ranks,
       [](const Arguments& args, MpiSession* session) { return search_command(args, *session); }},
      {"reproduce", "rows of the published tables, published beside measured", Runs::on_ranks,
       [](const Arguments& args, MpiSession* session) { return reproduce_command(args, *session); }},
      {"report", "the report of a run as one HTML file", Runs::alone, without_mpi(report_command)},
      {"pareto", "fronts, crowding and hypervolume of a CSV", Runs::alone, without_mpi(pareto_command)},
  };
  return all;
}

std::string usage() {
  std::string text =
      "Harmonic: search for multimodal networks that are accurate, fast and frugal.\n\nUsage: harmonic COMMAND "
      "[options]\n\n";
  for (const auto& command : commands()) text += fmt::format("  {:<10} {}\n", command.name, command.summary);
  return text + "\nharmonic COMMAND --help lists a command's options.\n";
}

/// The command that the words begin with. @throws InputError naming the nearest
const Command& find_command(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& command : commands()) {
    if (command.name == word) return command;
    names.push_back(command.name);
  }
  throw InputError(fmt::format("no command '{}'", word),
                   fmt::format("did you mean {}? harmonic --help lists them", nearest(word, names)));
}

/// Runs `body`, turns what it throws into one line on stderr and an exit code.
/// @param speak false on ranks other than 0, which meet the same mistakes
ExitCode guarded(bool speak, const std::function<ExitCode()>& body) {
  const auto say = [speak](std::string_view what) {
    if (speak) log::error("{}", what.substr(0, what.find('\n')));  // LibTorch's errors go on with a stack trace
  };
  try {
    return body();
  } catch (const InputError& e) {
    say(e.what());
    return ExitCode::bad_input;
  } catch (const std::exception& e) {
    say(e.what());
    return ExitCode::failed;
  }
}

ExitCode run(int argc, char** argv) {
  const Arguments words(argv + 1, argv + argc);
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::cout << usage();
    return words.empty() ? ExitCode::bad_input : ExitCode::done;
  }
  if (words[0] == "--version") {
    std::cout << "harmonic " << program_version() << '\n';
    return ExitCode::done;
  }
  const Command& command = find_command(words[0]);
  const Arguments rest(words.begin() + 1, words.end());
  if (command.runs == Runs::alone) return command.run(rest, nullptr);
  MpiSession session(argc, argv);
  const bool speaks = Communicator().rank().value == 0;
  session.leave(guarded(speaks, [&] { return command.run(rest, &session); }));
}

}  // namespace
}  // namespace harmonic

int main(int argc, char** argv) {
  return static_cast<int>(harmonic::guarded(true, [&] { return harmonic::run(argc, argv); }));
}
