#include "master/run.hpp"

#include <algorithm>
#include <iostream>
#include <optional>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/run_hash.hpp"
#include "master/dispatcher.hpp"
#include "master/journal.hpp"
#include "master/search.hpp"

namespace harmonic {
namespace {

constexpr double kRedraw_s = 0.2;  // of the progress line, at most

/// Sends the workers home however the run ends, and lets the program know when MPI cannot be finalised.
struct Farewell {
  Dispatcher& dispatcher;
  const RunHooks& hooks;
  ~Farewell() {
    if (!dispatcher.stop_workers()) hooks.abandon();
  }
};

/// The plan, its journal and the workers.
class Run {
 public:
  Run(const SearchSettings& settings, const RunHooks& hooks, Dispatcher& dispatcher, std::unique_ptr<RunPlan> plan)
      : settings_(settings), hooks_(hooks), dispatcher_(dispatcher), plan_(std::move(plan)) {
    dispatcher_.expect_settings(run_fingerprint(settings));
  }

  ExitCode lead() try {
    const double limit_s = settings_.time_limit_s;
    const auto stop = [&] { return hooks_.stop() || clock_() - start_s_ > limit_s; };
    for (auto tasks = plan_->ask(); !tasks.empty(); tasks = plan_->ask()) {
      auto jobs = unfinished(std::move(tasks));
      if (stop() || dispatcher_.run(
                        std::move(jobs), [&](const Task& t, const Result& r) { finished(t, r); }, stop) ==
                        Dispatcher::End::stopped)
        return stopped();
    }
    return ended();
  } catch (const InputError&) {
    if (!work_done_) plan_->withdraw();
    throw;
  }
  void draw() {
    const double now = clock_();
    if (!log::stderr_is_terminal() || now - drawn_s_ < kRedraw_s) return;
    drawn_s_ = now;
    log::progress(plan_->progress_line(dispatcher_));
  }

 private:
  /// Answers from the journal are told at once; the rest is to be dealt.
  std::vector<Job> unfinished(std::vector<Task> tasks) {
    std::vector<Job> jobs;
    for (auto& task : tasks) {
      if (const auto* before = plan_->journal().find(task.work)) {
        plan_->tell(task, {task.id, Rank{0}, before->seconds, before->outcome});
      } else {
        const double cost = expected_cost(task.work);
        jobs.push_back({std::move(task), cost});
      }
    }
    return jobs;
  }
  void finished(const Task& task, const Result& result) {
    // On disk before it counts. A failure is not kept: a full disk or lost workers may be mended before a resume in the
    // same generation. From the next on it stays, in the checkpoint, or a resumed run would part from one never
    // stopped.
    if (!std::holds_alternative<Failure>(result.outcome)) {
      plan_->journal().append({task.work, result.outcome, result.seconds});
      work_done_ = true;
    }
    plan_->tell(task, result);
  }

  ExitCode stopped() {
    plan_->save();
    log::info("stopped {}; go on with the same harmonic {} command and --resume", plan_->how_far(), plan_->command());
    return ExitCode::stopped;
  }

  ExitCode ended() {
    plan_->save();
    const auto report = hooks_.report ? hooks_.report(plan_->directory().path()) : std::filesystem::path{};
    log_counts();
    if (settings_.json) {
      auto json = plan_->json();
      json["report"] = report.string();
      std::cout << json_text(json) << '\n';
    } else {
      std::cout << plan_->text();
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
    if (counts.failed > 0)
      log::warning("{} pieces of work failed: the reasons are above; the result lacks what no later try found",
                   counts.failed);
  }

  const SearchSettings& settings_;
  const RunHooks& hooks_;
  Dispatcher& dispatcher_;
  std::unique_ptr<RunPlan> plan_;
  Clock clock_ = steady_clock();
  double start_s_ = clock_();
  double drawn_s_ = 0;
  bool work_done_ = false;  ///< by this job, beyond what the journal held
};

}  // namespace

ExitCode lead_run(const SearchSettings& settings, Mailbox& mailbox, const RunHooks& hooks,
                  const std::function<std::unique_ptr<RunPlan>()>& make) {
  std::optional<Run> run;  // outlives the farewell, during which a worker in this process is polled too
  const auto idle = [&] {
    hooks.idle();
    if (run) run->draw();
  };
  Dispatcher dispatcher(mailbox, {.lease_s = settings.lease_s, .deadline_s = settings.deadline_s}, idle);
  const Farewell farewell{dispatcher, hooks};
  run.emplace(settings, hooks, dispatcher, make());
  return run->lead();
}

}  // namespace harmonic
