#include "master/run.hpp"

#include <iostream>

#include <nlohmann/json.hpp>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/checkpoint.hpp"
#include "master/dispatcher.hpp"
#include "master/journal.hpp"
#include "master/progress.hpp"
#include "master/results.hpp"
#include "master/run_directory.hpp"
#include "master/run_inputs.hpp"

namespace harmonic {
namespace {

/// Sends the workers home however the run ends, and lets the program know when MPI cannot be finalised.
struct Farewell {
  Dispatcher& dispatcher;
  const RunHooks& hooks;
  ~Farewell() {
    if (!dispatcher.stop_workers()) hooks.abandon();
  }
};

Search make_search(const SearchSettings& settings, const RunInputs& inputs, const RunDirectory& directory) {
  const Seed seed{settings.seed};
  auto state = settings.resume ? load_checkpoint(directory.checkpoint(), inputs.hash, inputs.spaces) : std::nullopt;
  if (!state) return {settings.evolution, seed, inputs.spaces, inputs.costs};
  log::info("resumed after generation {}", state->generation);
  return {settings.evolution, seed, inputs.spaces, inputs.costs, std::move(*state)};
}

/// One run of the master: the search, its files, and the workers.
class MasterRun {
 public:
  MasterRun(const SearchSettings& settings, const RunHooks& hooks, Dispatcher& dispatcher)
      : settings_(settings),
        hooks_(hooks),
        dispatcher_(dispatcher),
        inputs_(settings),
        directory_(settings),
        journal_(directory_.journal(), inputs_.hash),
        search_(make_search(settings, inputs_, directory_)),
        tables_(inputs_.modalities, *inputs_.devices),
        progress_(settings.evolution, inputs_.reference) {
    dispatcher_.expect_settings(inputs_.hash);
  }

  ExitCode run() {
    const double limit_s = settings_.time_limit_s();
    const auto stop = [&] { return hooks_.stop() || clock_() - start_s_ > limit_s; };
    for (auto tasks = search_.ask(); !tasks.empty(); tasks = search_.ask()) {
      save_generation();
      progress_.batch(search_, tasks.size());
      auto jobs = unfinished(std::move(tasks));
      if (stop() || dispatcher_.run(
                        std::move(jobs), [&](const Task& t, const Result& r) { finished(t, r); }, stop) ==
                        Dispatcher::End::stopped)
        return stopped();
    }
    return ended();
  }
  void draw() { progress_.draw(search_, dispatcher_); }

 private:
  /// Answers from the journal are told at once; the rest is to be dealt.
  std::vector<Job> unfinished(std::vector<Task> tasks) {
    std::vector<Job> jobs;
    for (auto& task : tasks) {
      if (const auto* before = journal_.find(task.work)) {
        tell({task.id, Rank{0}, before->seconds, before->outcome});
      } else {
        const double cost = expected_cost(task.work);
        jobs.push_back({std::move(task), cost});
      }
    }
    return jobs;
  }
  void finished(const Task& task, const Result& result) {
    // On disk before it counts. A failure is not kept: a full disk or lost workers may be mended before a resume.
    if (!std::holds_alternative<Failure>(result.outcome)) journal_.append({task.work, result.outcome, result.seconds});
    tell(result);
  }
  void tell(const Result& result) {
    search_.tell(result);
    progress_.told(result);
  }

  void save_generation() {
    if (search_.boundary().generation == saved_generation_) return;
    save_checkpoint(directory_.checkpoint(), search_.boundary(), inputs_.hash, inputs_.spaces.size());
    write_tables();
    if (search_.boundary().generation > 0) progress_.generation_done(search_);
    saved_generation_ = search_.boundary().generation;
  }
  void write_tables() {
    const auto front = search_.front();
    replace_file(directory_.candidates(), tables_.candidates_csv(search_.archive()));
    replace_file(directory_.front(), tables_.front_csv(search_.archive(), front));
    if (settings_.keep_models == "front") directory_.prune_models(search_.archive(), front);
  }

  ExitCode stopped() {
    write_tables();
    log::info("stopped in generation {} with {} models scored; go on with: harmonic search … --run {} --resume",
              search_.generation(), search_.archive().models().size(), directory_.path().string());
    return ExitCode::stopped;
  }

  ExitCode ended() {
    write_tables();
    const auto front = search_.front();
    const auto report = hooks_.report ? hooks_.report(directory_.path()) : std::filesystem::path{};
    log_counts();
    if (settings_.json) {
      nlohmann::json ids = nlohmann::json::array();
      for (const auto id : front) ids.push_back(id.value);
      std::cout << nlohmann::json{{"front", ids}, {"hypervolume", progress_.hypervolume()}, {"report", report.string()}}
                       .dump()
                << '\n';
    } else {
      std::cout << tables_.front_table(search_.archive(), front);
      if (!report.empty()) std::cout << "report: " << report.string() << '\n';
    }
    std::cout.flush();
    return ExitCode::done;
  }
  void log_counts() {
    const auto& counts = dispatcher_.counts();
    const double wall_s = clock_() - start_s_;
    const int workers = std::max(1, dispatcher_.workers_here());
    log::info("{} pieces of work in {} on {} workers ({:.0f} % busy); retried {}, failed {}, workers lost {}",
              counts.done, human_duration(wall_s), workers, 100 * counts.busy_s / (wall_s * workers), counts.retried,
              counts.failed, counts.lost_workers);
  }

  const SearchSettings& settings_;
  const RunHooks& hooks_;
  Dispatcher& dispatcher_;
  RunInputs inputs_;
  RunDirectory directory_;
  Journal journal_;
  Search search_;
  ResultTables tables_;
  Progress progress_;
  Clock clock_ = steady_clock();
  double start_s_ = clock_();
  int saved_generation_ = -1;
};

}  // namespace

ExitCode run_master(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks) {
  MasterRun* running = nullptr;
  const auto idle = [&] {
    hooks.idle();
    running->draw();
  };
  Dispatcher dispatcher(mailbox, {.lease_s = settings.lease_s, .deadline_s = settings.deadline_s}, idle);
  const Farewell farewell{dispatcher, hooks};
  MasterRun run(settings, hooks, dispatcher);
  running = &run;
  return run.run();
}

}  // namespace harmonic
