#include "master/run/run.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/base/log.hpp"
#include "core/base/progress_display.hpp"
#include "core/base/text.hpp"
#include "core/storage/curves.hpp"
#include "core/storage/json_text.hpp"
#include "core/work/expected_cost.hpp"
#include "core/work/run_hash.hpp"
#include "master/dispatch/dispatcher.hpp"
#include "master/dispatch/failure_table.hpp"
#include "master/dispatch/task_board.hpp"
#include "master/dispatch/worker_roster.hpp"
#include "master/run/cut_groups.hpp"
#include "master/run/expected_seconds.hpp"
#include "master/run/farewell.hpp"
#include "master/run/journal.hpp"
#include "master/run/live_report.hpp"
#include "master/run/run_curves.hpp"
#include "master/run/run_directory.hpp"
#include "master/run/run_status.hpp"
#include "master/run/time_limit.hpp"
#include "master/run/timeline.hpp"

namespace harmonic {
namespace {

constexpr std::uint64_t kFirstRepeated = std::uint64_t{1} << 62U;  // ids of tasks that are no plan's
constexpr std::size_t kTellingRecords = 1000;                      // of a journal: they tell how long work takes

/// The plan, the run's directory and journal, and the workers.
class Run {
 public:
  Run(const SearchSettings& settings, const RunRecipe& recipe, const RunHooks& hooks, const TimeLimit& limit,
      Dispatcher& dispatcher)
      : limit_(limit),
        settings_(settings),
        recipe_(recipe),
        hooks_(hooks),
        dispatcher_(dispatcher),
        inputs_(recipe.open_inputs()),
        directory_(settings.run, settings.resume, recipe.config, inputs_),
        journal_(paths().journal(), inputs_.hash, inputs_.answers, recipe.config.changes),
        status_file_(paths().status()),
        failures_(paths().failures()),
        timeline_(paths().timeline()),
        curves_(paths().tensorboard() / "search") {
    dispatcher_.expect_settings(run_fingerprint(settings));
    dispatcher_.expect_answers(inputs_.answers);
    dispatcher_.on_setback([this](const Setback& setback) { tell(setback); });
    dispatcher_.expect_durations([this](const Work& work) { return expected_.of(work); });
    dispatcher_.hurry_when(hooks.hurry);
    dispatcher_.on_gathered([this] { commit(); });
    journal_.for_each([this](const FinishedWork& known) { expected_.add(known.work, known.outcome, known.seconds); },
                      kTellingRecords);
    directory_.begin();
  }

  ExitCode lead() try {
    timeline_.add(instant(TimelineKind::job, Rank{0}, {}, {}));
    tell_status();
    const ExitCode code = work_through();
    tell_status(code);
    return code;
  } catch (const InputError&) {
    if (work_done_) {
      tell_status(ExitCode::bad_input);
    } else {
      over_ = true;
      plan_.reset();  // which may still be writing a checkpoint
      directory_.withdraw();
    }
    throw;
  } catch (...) {
    tell_status(ExitCode::failed);
    end_live_report();
    throw;
  }
  /// What the run came to, once it is done: all that stdout gets.
  [[nodiscard]] std::string result() const {
    if (settings_.json || hooks_.result) {
      auto json = plan_->json();
      json["report"] = report_.string();
      return json_text(json) + '\n';
    }
    return plan_->text() + (report_.empty() ? std::string() : fmt::format("report: {}\n", report_.string()));
  }
  /// Tells people and scripts how it is, as long as there is more to come; cheap, to be called often.
  void show() {
    if (over_ || plan_ == nullptr) return;
    if (display_.is_due()) {
      auto line = plan_->progress({.here = dispatcher_.workers_here(),
                                   .busy = dispatcher_.workers_busy(),
                                   .parts_under_way = dispatcher_.parts_under_way()});
      seconds_left_ = line.seconds_left;
      display_.show(std::move(line));
    }
    tell_status();
    show_report();
  }

 private:
  [[nodiscard]] const RunPaths& paths() const { return directory_.paths(); }

  ExitCode work_through() {
    plan_ = recipe_.make_plan(inputs_, paths(), RunRecipe::Start::checkpoint);
    if (journal_.size() > 0) plan_->recall(journal_);
    if (const auto advice = plan_->advice(static_cast<int>(dispatcher_.workers().size())); !advice.empty())
      log::info("{}", advice);
    const auto stop = [&] { return hooks_.stop() || limit_.is_reached(); };
    for (auto tasks = plan_->ask(); !tasks.empty(); tasks = plan_->ask()) {
      auto jobs = unfinished(std::move(tasks));
      save_new_generation();
      const auto lost = lost_models(jobs);
      if (follow_journal_again(lost)) continue;
      if (stop() || deal(std::move(jobs), lost, stop) == Dispatcher::End::stopped) return stopped();
    }
    return ended();
  }

  /// @param lost models that the jobs test
  Dispatcher::End deal(std::vector<Job> jobs, const std::vector<CandidateId>& lost, const std::function<bool()>& stop) {
    if (auto searches = searches_for(lost); !searches.empty()) {
      const auto hear = [this](const Task& task, const Result& result) {
        if (const auto* failure = std::get_if<Failure>(&result.outcome)) tell(task, result, *failure);
      };
      if (run_on_workers(std::move(searches), hear, stop) == Dispatcher::End::stopped) return Dispatcher::End::stopped;
    }
    dispatcher_.on_free_workers([this](int free) { return more(free); }, [this] { save_new_generation(); });
    const auto end = run_on_workers(
        groups_.cut(std::move(jobs), dispatcher_.workers_here()),
        [&](const Task& t, const Result& r) { finished(t, r); }, stop);
    dispatcher_.on_free_workers({});
    return end == Dispatcher::End::finished ? deal_doubtful(stop) : end;
  }
  /// For workers that would wait for the others.
  std::vector<Job> more(int free) {
    std::vector<Job> jobs;
    while (jobs.empty()) {
      auto tasks = plan_->ask_more(free);
      if (tasks.empty()) break;
      jobs = unfinished(std::move(tasks));
    }
    return groups_.cut(std::move(jobs), free);
  }
  /// Deals them; what each worker did becomes a row of the timeline.
  Dispatcher::End run_on_workers(std::vector<Job> jobs, const Dispatcher::OnResult& hear,
                                 const std::function<bool()>& stop) {
    const auto tell_time = [&](const Task& task, const Result& result) {
      const bool failed = std::holds_alternative<Failure>(result.outcome);
      auto row = span(failed ? TimelineKind::failed : kind_of(task.work), result.worker, result.host,
                      describe(task.work), result.seconds);
      row.energy = energy_of(result);
      timeline_.add(std::move(row));
      hear(task, result);
    };
    try {
      const auto end = dispatcher_.run(std::move(jobs), tell_time, stop);
      commit();
      return end;
    } catch (...) {  // what was heard before counts
      commit();
      throw;
    }
  }
  TimelineRow instant(TimelineKind kind, Rank rank, const std::string& host, const std::string& about) const {
    const double now_s = wall_start_s_ + clock_() - start_s_;
    return {now_s, now_s, kind, rank, host, about};
  }
  /// What a worker has just ended. @param seconds of work, as it says; 0: it does not, and it is as long as it had it
  TimelineRow span(TimelineKind kind, Rank rank, const std::string& host, const std::string& about,
                   double seconds) const {
    auto row = instant(kind, rank, host, about);
    const auto& workers = dispatcher_.workers();
    if (const auto worker = workers.find(rank); seconds == 0 && worker != workers.end())
      seconds = std::max(0.0, clock_() - worker->second.since_s);
    row.began_s -= seconds;
    return row;
  }
  /// The worker's part of what its meter counted.
  std::optional<MeasuredEnergy> energy_of(const Result& result) const {
    if (!result.energy) return std::nullopt;
    const int sharing = sharing_meter(dispatcher_.workers(), result.worker);
    return MeasuredEnergy{result.energy->work_j / sharing, result.energy->waited_j / sharing};
  }
  /// Models that are to be tested and whose weights are gone or damaged.
  std::vector<CandidateId> lost_models(const std::vector<Job>& jobs) const {
    std::vector<CandidateId> lost;
    for (const auto& job : jobs)
      if (const auto* test = std::get_if<TestModel>(&job.task.work))
        if (test->genome.backbones.size() > 1 && !hooks_.has_model(paths().folder, test->candidate))
          lost.push_back(test->candidate);  // a network alone is kept when it is tested
    return lost;
  }
  /// Searching again keeps the same models.
  std::vector<Job> searches_for(const std::vector<CandidateId>& lost) {
    std::vector<Job> searches;
    std::set<CandidateId> found;  // with companions
    for (const auto model : lost) {
      if (found.contains(model)) continue;
      const auto search = journal_.search_of(model);
      if (!search) continue;
      log::warning("the weights of model {} are gone or damaged: it is searched for again", model.value);
      for (const auto& candidate : search->candidates) found.insert(candidate.candidate);
      searches.push_back({{TaskId{kFirstRepeated + repeated_++}, *search}, expected_cost(*search)});
    }
    return searches;
  }
  /// A checkpoint may hold a model whose search the journal has lost: nothing there says how it was searched for. From
  /// its beginning the run comes by it again.
  bool follow_journal_again(const std::vector<CandidateId>& lost) {
    if (from_journal_) return false;
    for (const auto model : lost) {
      if (journal_.search_of(model)) continue;
      log::warning(
          "the weights of model {} are gone or damaged, and so is the journal's record of its search: the run is "
          "followed again from its beginning, and what the journal lacks is done again",
          model.value);
      plan_ = recipe_.make_plan(inputs_, paths(), RunRecipe::Start::journal);
      plan_->recall(journal_);
      saved_generation_ = -1;
      from_journal_ = true;
      return true;
    }
    return false;
  }
  /// What every worker refused is tried once more, beside a piece of work of its kind that was done before: when that
  /// one still succeeds, the refused one has failed; else it is the world that has (a full disk), and nothing is told.
  Dispatcher::End deal_doubtful(const std::function<bool()>& stop) {
    std::vector<Job> jobs;
    std::map<std::size_t, Task> probes;
    for (auto& task : std::exchange(doubtful_, {})) {
      if (const auto known = doable_.find(task.work.index()); known != doable_.end()) probes.insert(*known);
      jobs.push_back({std::move(task)});
    }
    if (jobs.empty()) return Dispatcher::End::finished;
    log::warning("{} pieces of work failed on every worker: each is tried once more", jobs.size());
    for (const auto& [kind, task] : probes) jobs.push_back({task});
    std::set<std::size_t> sound;
    std::vector<std::pair<Task, Result>> failed;
    const auto hear = [&](const Task& task, const Result& result) {
      const bool success = !std::holds_alternative<Failure>(result.outcome);
      if (const auto probe = probes.find(task.work.index()); probe != probes.end() && probe->second.id == task.id) {
        if (success) sound.insert(task.work.index());
      } else if (success || !dispatcher_.refused().contains(task.id)) {
        settle(task, result);
      } else {
        failed.emplace_back(task, result);
      }
    };
    if (run_on_workers(std::move(jobs), hear, stop) == Dispatcher::End::stopped) return Dispatcher::End::stopped;
    for (const auto& [task, result] : failed) {
      if (!sound.contains(task.work.index()))
        throw RunError(fmt::format(
            "{} failed on every worker, the last time on {}: {}; mend it, and go on with --resume: "
            "what was finished is on disk",
            describe(task.work), worker_name(result.worker, result.host), std::get<Failure>(result.outcome).message));
      settle(task, result);
    }
    commit();
    return Dispatcher::End::finished;
  }
  /// Answers from the journal are told at once; the rest is to be dealt.
  std::vector<Job> unfinished(std::vector<Task> tasks) {
    std::vector<Job> jobs;
    for (auto& task : tasks) {
      if (const auto before = journal_.find(task.work)) {
        if (!std::holds_alternative<Failure>(before->outcome)) keep_as_probe(task);
        plan_->tell(task, {task.id, Rank{0}, before->seconds, before->outcome});
      } else {
        const double cost = expected_cost(task.work);
        jobs.push_back({std::move(task), cost});
      }
    }
    return jobs;
  }
  /// Late fusion stands for no search: it may work where there is no memory for one.
  void keep_as_probe(const Task& task) {
    if (!is_late_fusion(task.work)) doable_.insert_or_assign(task.work.index(), task);
  }
  void finished(const Task& part, const Result& of_part) {
    const auto whole = groups_.take(part, of_part, dispatcher_.refused().contains(part.id));
    if (!whole) return;
    const auto& [task, result, refused] = *whole;
    if (!std::holds_alternative<Failure>(result.outcome)) {
      keep_as_probe(task);
    } else if (refused) {
      doubtful_.push_back(task);
      return;
    }
    settle(task, result);
  }
  /// On disk before it counts: a checkpoint tells nothing that the journal does not. A failure is an answer like any
  /// other. But a piece of work that cost workers may fare better in a resume in the same generation, and is tried
  /// again then; from the next generation on it stays, or a resumed run would part from one never stopped.
  void settle(const Task& task, const Result& result) {
    FinishedWork record{task.work, result.outcome, result.seconds};
    const auto* failure = std::get_if<Failure>(&result.outcome);
    if (failure != nullptr) {
      tell(task, result, *failure);
    } else {
      ++done_;
    }
    if (failure == nullptr || failure->kind == FailureKind::candidate || dispatcher_.refused().contains(task.id)) {
      keep(record);
    } else {
      mendable_.push_back(std::move(record));
    }
    expected_.add(task.work, result.outcome, result.seconds);
    answers_.emplace_back(task, result);
  }
  /// What was settled counts from here on: it is on disk, by one wait for all that came together.
  void commit() {
    const auto answers = std::exchange(answers_, {});  // none of which counts where the disk refuses
    journal_.commit();
    for (const auto& [task, result] : answers) {
      plan_->tell(task, result);
      hooks_.heard(task, result);
    }
    if (work_done_) timeline_.write();
    tell_status();
    show_report();
  }
  void tell(const Task& task, const Result& result, const Failure& failure) {
    const bool again = !tried_alone(task.work, failure).empty();
    if (!again) ++failed_;
    failures_.append({&task, result.worker, result.host, again ? to_text(Setback::Kind::retry) : to_text(failure.kind),
                      failure.message});
    log::warning("{} {} (rank {}, {}): {}; {}", describe(task.work),
                 again ? "failed: each is tried alone" : "failed for good", worker_name(result.worker, result.host),
                 to_text(failure.kind), failure.message, genomes_text(task.work));
  }
  void tell(const Setback& setback) {
    failures_.append({setback.task, setback.rank, setback.host, to_text(setback.kind), setback.reason});
    switch (setback.kind) {
      case Setback::Kind::retry:
        return timeline_.add(
            span(TimelineKind::retry, setback.rank, setback.host, describe(setback.task->work), /*seconds=*/0));
      case Setback::Kind::lost:
        return timeline_.add(instant(TimelineKind::lost, setback.rank, setback.host, setback.reason));
      case Setback::Kind::set_aside:
        return timeline_.add(instant(TimelineKind::set_aside, setback.rank, setback.host, setback.reason));
    }
  }
  void keep(const FinishedWork& record) {
    journal_.add(record);
    work_done_ = true;
  }

  void save_new_generation() {
    if (plan_->generation() > saved_generation_) generation_done();
  }
  void generation_done() {
    for (auto& record : std::exchange(mendable_, {})) keep(record);
    journal_.commit();
    save(RunPlan::Moment::between_generations);
  }
  void save(RunPlan::Moment moment) {
    plan_->save(paths(), moment);
    if (plan_->generation() > saved_generation_ && plan_->generation() > 0)
      timeline_.add(instant(TimelineKind::generation, Rank{0}, {}, std::to_string(plan_->generation())));
    if (plan_->generation() > saved_generation_)
      if (const auto figures = plan_->figures())
        curves_.generation_done(plan_->generation(), *figures, dispatcher_.counts());
    if (work_done_ || moment == RunPlan::Moment::end) curves_.write();
    if (work_done_) timeline_.write(/*now=*/moment == RunPlan::Moment::end);
    saved_generation_ = plan_->generation();
    if (work_done_) plan_->tidy(paths());
  }
  ExitCode stopped() {
    display_.close();
    save(RunPlan::Moment::end);
    end_live_report();
    log::info("stopped {}{}; {}", limit_.is_reached() ? limit_.reason() + " " : "", plan_->how_far(),
              hooks_.is_kept ? "go on with: " + going_on() : "give --run to be able to go on");
    return ExitCode::stopped;
  }
  /// The run holds its settings.
  [[nodiscard]] std::string going_on() const {
    std::vector<std::string> words = {"--run", settings_.run};
    if (!settings_.data.empty()) words.insert(words.begin(), {"--data", settings_.data});
    if (settings_.json) words.emplace_back("--json");
    return resuming_line(hooks_.program, {recipe_.command}, words);
  }
  ExitCode ended() {
    work_done_ = true;
    display_.close();
    save(RunPlan::Moment::end);
    live_report_.finish();
    report_ = write_report();
    log_counts();
    return ExitCode::done;
  }
  /// Where it is; empty when there is none: the result stands without it.
  [[nodiscard]] std::filesystem::path write_report() const try {
    return hooks_.report ? hooks_.report(paths().folder, /*goes_on=*/false) : std::filesystem::path{};
  } catch (const std::exception& e) {
    log::warning("there is no report: {}; harmonic report --run {} makes one", e.what(), paths().folder.string());
    return {};
  }
  /// From its first models on.
  void show_report() {
    if (hooks_.report && work_done_ && saved_generation_ > 0) live_report_.show();
  }
  /// What lies there would go on to say that the run goes on.
  void end_live_report() {
    live_report_.finish();
    if (live_report_.was_begun()) (void)write_report();
  }
  /// Share of the workers' time that was work.
  [[nodiscard]] double utilisation() const {
    const auto& counts = dispatcher_.counts();
    return counts.there_s > 0 ? std::min(1.0, counts.busy_s / counts.there_s) : 0;
  }
  void tell_status(std::optional<ExitCode> code = {}) {
    over_ = code.has_value();
    const auto& counts = dispatcher_.counts();
    std::vector<LostWorker> lost;
    const auto& workers = dispatcher_.workers();
    if (static_cast<std::size_t>(dispatcher_.workers_here()) < workers.size())
      for (const auto& [rank, worker] : workers)
        if (!worker.here()) lost.push_back({rank, worker.host, worker.reason.message});
    status_file_.show({.exit_code = code,
                       .generation = plan_ ? plan_->generation() : 0,
                       .done = done_before_ + done_,
                       .failed = failed_before_ + failed_,
                       .retried = counts.retried,
                       .lost_workers = counts.lost_workers,
                       .utilisation = utilisation(),
                       .workers = dispatcher_.workers_here(),
                       .busy = dispatcher_.workers_busy(),
                       .seconds_left = over_ ? std::nullopt : seconds_left_,
                       .lost = std::move(lost)});
  }
  void log_counts() {
    const auto& counts = dispatcher_.counts();
    log::info("{} pieces of work in {} on {} workers ({:.0f} % busy); retried {}, failed {}, workers lost {}", done_,
              human_duration(clock_() - start_s_), std::max(1, dispatcher_.workers_here()), 100 * utilisation(),
              counts.retried, failed_, counts.lost_workers);
    if (failed_ > 0)
      log::warning("{} pieces of work failed: the reasons are above; the result lacks what no later try found",
                   failed_);
  }

  const TimeLimit& limit_;
  const SearchSettings& settings_;
  const RunRecipe& recipe_;
  const RunHooks& hooks_;
  Dispatcher& dispatcher_;
  ProgressDisplay display_{"reading the inputs", {}, hooks_.stop};
  RunInputs inputs_;
  RunDirectory directory_;
  Journal journal_;
  StatusFile status_file_;
  FailureTable failures_;
  TimelineFile timeline_;
  RunCurves curves_;
  ExpectedSeconds expected_;
  CutGroups groups_;
  std::vector<std::pair<Task, Result>> answers_;  ///< that await the next commit
  std::vector<FinishedWork> mendable_;            ///< of the generation that runs: work that cost workers
  std::vector<Task> doubtful_;                    ///< refused by every worker
  std::map<std::size_t, Task> doable_;            ///< by kind of work: the last piece that was done
  std::unique_ptr<RunPlan> plan_;
  std::filesystem::path report_;  ///< empty: none
  Clock clock_ = hooks_.clock;
  double start_s_ = clock_();
  double wall_start_s_ = wall_time_s();
  std::uint64_t repeated_ = 0;  ///< searches for models that were lost
  int done_ = 0;                ///< pieces of work, by workers of this job
  int failed_ = 0;              ///< likewise, for good
  int done_before_ = static_cast<int>(journal_.size() - journal_.failures());  ///< by earlier jobs
  int failed_before_ = static_cast<int>(journal_.failures());
  int saved_generation_ = -1;
  std::optional<double> seconds_left_;  ///< as last shown
  bool from_journal_ = false;           ///< the plan, of which the checkpoint holds more than can be had again
  bool over_ = false;                   ///< its end is told
  bool work_done_ = false;              ///< beyond what the journal held: the run cannot be refused any more
  LiveReport live_report_{[this] { (void)hooks_.report(paths().folder, /*goes_on=*/true); }};
};

}  // namespace

namespace {

/// @param result all that there is to print, where the run is done
ExitCode lead_run(const SearchSettings& settings, const RunRecipe& recipe, Mailbox& mailbox, const RunHooks& hooks,
                  std::string& result) {
  std::optional<Run> run;  // outlives the farewell, during which a worker in this process is polled too
  const auto idle = [&] {
    hooks.idle();
    if (run) run->show();
  };
  const TimeLimit limit(settings.time_limit_s, settings.grace_s, hooks.clock,
                        hooks.is_real_time ? seconds_of_slurm_job() : std::nullopt);
  Dispatcher dispatcher(mailbox,
                        {.lease_s = hooks.lease_s.value_or(settings.lease_s),
                         .deadline_s = settings.deadline_s,
                         .grace_s = limit.grace_s(),
                         .believe_input_faults = hooks.believe_input_faults,
                         .clock = hooks.clock,
                         .pause = hooks.pause},
                        idle);
  const Farewell farewell{dispatcher, hooks};
  run.emplace(settings, recipe, hooks, limit, dispatcher);
  const ExitCode code = run->lead();
  if (code == ExitCode::done) result = run->result();
  return code;
}

}  // namespace

ExitCode lead_run(const SearchSettings& settings, const RunRecipe& recipe, Mailbox& mailbox, const RunHooks& hooks) {
  std::string result;
  const ExitCode code = lead_run(settings, recipe, mailbox, hooks, result);
  if (hooks.result) {
    if (code == ExitCode::done) hooks.result(result);
    return code;
  }
  std::cout << result << std::flush;  // in one piece, when the workers have left and stderr has had its last line
  return code;
}

}  // namespace harmonic
