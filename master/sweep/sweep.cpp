#include "master/sweep/sweep.hpp"

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/progress_display.hpp"
#include "core/base/text.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/space/prefix_groups.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/foreign_content.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "master/dispatch/dispatcher.hpp"
#include "master/dispatch/failure_table.hpp"
#include "master/dispatch/task_board.hpp"
#include "master/dispatch/worker_roster.hpp"
#include "master/run/farewell.hpp"
#include "master/sweep/sweep_table.hpp"

namespace harmonic {
namespace {

/// Of a group that is evaluated at once: wide enough to share much, yet small digits take but some seconds.
constexpr std::size_t kGroup = 96;

/// One genome a line; empty lines and those that begin with # are passed over.
std::vector<BackboneGenome> read_genomes(const std::string& path, const BackboneSpace& space) {
  std::vector<BackboneGenome> genomes;
  const auto text = read_file(path);
  refuse_foreign(path, text, "a list of genomes");
  const auto lines = split(text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = trim(lines[i]);
    if (line.empty() || line.starts_with('#')) continue;
    try {
      genomes.push_back(canonical(parse_genome(line, space)));
    } catch (const InputError& e) {
      throw InputError(fmt::format("{}, line {}: {}", path, i + 1, e.what()), "mend the line");
    }
  }
  if (genomes.empty()) throw InputError(fmt::format("{} lists no genome", path), "write one a line");
  return genomes;
}

/// @throws InputError when the table's columns tell costs
void check_unpriced(const std::string& path) {
  const std::string text = read_file(path);
  const auto names = split(text.substr(0, text.find('\n')), ',');  // rows may be damaged
  const auto cost = std::ranges::find_if(names, [](const auto& name) { return name.starts_with("latency_ms"); });
  if (cost != names.end())
    throw InputError(fmt::format("{} has column {}, and no device is given", path, *cost),
                     "give the same --device as before, or another --out");
}

/// The rows to go on with: none when there is no file yet. @throws InputError when they are of other conditions
ScoredBackbones resumed_rows(const SweepOptions& options, const SweepSubject& subject) {
  if (!options.resume || !std::filesystem::exists(options.out)) return {};
  if (!std::filesystem::exists(options.conditions_file()))
    throw InputError(fmt::format("{} cannot be gone on with: there is no {} to say what its rows depend on",
                                 options.out, options.conditions_file()),
                     "give another --out");
  const auto there = read_conditions(options.conditions_file());
  if (!there)
    throw InputError(fmt::format("{} is damaged: it does not say what the rows of {} depend on",
                                 options.conditions_file(), options.out),
                     "give another --out, or remove both to begin anew");
  const auto others = differences(*there, subject.conditions);
  if (!others.empty())
    throw InputError(fmt::format("{} is of another sweep: {}", options.out, join(others, ", ")),
                     "go on with its own weights, data and options, or give another --out");
  // Rows are priced anew each time: without tables they would lose what they cost.
  if (options.devices.empty()) check_unpriced(options.out);
  return read_sweep(options.out, subject.space);
}

void warn_of_unknown(const DeviceSet& devices) {
  for (std::size_t q = 0; q < kQuantities.size(); ++q)
    if (const auto lacking = devices.devices_without(q); !lacking.empty())
      log::warning(
          "the table of device {0} has no {1} in some rows: networks that need them have no {1} there, and the front "
          "does without it",
          join(lacking, ", "), kQuantities[q].name);
}

/// @param read files of the command
SweepTable make_table(const SweepOptions& options, const SweepSubject& subject, const std::vector<OptionFile>& read,
                      const RunHooks& hooks) {
  std::optional<DeviceSet> devices;
  auto genomes = options.all ? all_genomes(subject.space) : read_genomes(options.genomes, subject.space);
  if (!options.devices.empty()) {
    const int head_classes = options.head_classes > 0 ? options.head_classes : subject.classes;
    const auto data = std::ranges::find(read, "data", &OptionFile::option);
    check_tables(options.devices, {.spaces = {subject.space},
                                   .genomes = {genomes},
                                   .head_classes = head_classes,
                                   .configs = hooks.configs,
                                   .data = data == read.end() ? "" : data->path.string(),
                                   .program = hooks.program.back()});
    devices.emplace(options.devices, Aggregate::mean, std::vector{subject.space}, std::vector{head_classes});
    warn_of_unknown(*devices);
  }
  return {options.out, std::move(genomes), resumed_rows(options, subject),
          [space = subject.space, classes = subject.classes](const auto& genome) {
            return backbone_size(space, genome, classes);
          },
          devices};
}

class Sweep {
 public:
  /// Reads and checks all there is. @throws InputError
  Sweep(const SweepOptions& options, const SweepSubject& subject, const std::vector<OptionFile>& read,
        const RunHooks& hooks, Dispatcher& dispatcher, ProgressDisplay& display)
      : options_(options),
        conditions_(subject.conditions),
        hooks_(hooks),
        dispatcher_(dispatcher),
        display_(display),
        table_(make_table(options, subject, read, hooks)) {
    auto open = table_.open();
    to_measure_ = open.size();
    log::info("{}: {} networks to measure, {} known", subject.description, to_measure_, table_.scored());
    for (auto& group : prefix_groups(std::move(open), kGroup)) board_.add(EvaluateBackbones{0, std::move(group)});
    display_.show({fmt::format("0 of {} networks", to_measure_)});
  }

  ExitCode lead() {
    while (!board_.empty()) {
      std::vector<Job> jobs;
      for (auto& task : board_.tasks()) {
        const auto cost = static_cast<double>(std::get<EvaluateBackbones>(task.work).genomes.size());
        jobs.push_back({std::move(task), cost});
      }
      const auto answered = [this](const Task&, const Result& result) { take(result); };
      if (hooks_.stop() || dispatcher_.run(std::move(jobs), answered, hooks_.stop) == Dispatcher::End::stopped) {
        display_.close();
        log::info("stopped; go on with: {}", resuming_line(hooks_.program, {"supernet", "sweep"}, options_.words));
        return ExitCode::stopped;
      }
    }
    return ended();
  }

 private:
  void take(const Result& result) {
    const auto work = board_.take(result);
    if (!work) return;  // its networks are tried one by one
    const auto& genomes = std::get<EvaluateBackbones>(*work).genomes;
    if (const auto* failure = std::get_if<Failure>(&result.outcome)) {
      failed_ += genomes.size();
      log::warning("without a score (rank {}): {}: {}", worker_name(result.worker, result.host), genomes_text(*work),
                   failure->message);
    } else {
      if (measured_ == 0) write_conditions(options_.conditions_file(), conditions_);
      table_.append(genomes, std::get<BackboneScores>(result.outcome).metric);
      measured_ += genomes.size();
    }
    show_progress();
  }

  void show_progress() {
    const auto done = measured_ + failed_;
    const double a_network_s = seconds() / static_cast<double>(done);
    display_.show({fmt::format("{} of {} networks, {:.1f} a second", done, to_measure_, 1 / a_network_s),
                   a_network_s * static_cast<double>(to_measure_ - done)});
  }

  ExitCode ended() {
    display_.close();
    const auto best = table_.best();
    if (!best)
      throw RunError(fmt::format("none of {} networks could be scored: {}", to_measure_, board_.last_failure()));
    const auto front = table_.finish();
    const auto& counts = dispatcher_.counts();
    if (counts.retried > 0 || counts.lost_workers > 0)
      log::info("pieces of work retried {}, workers lost {}", counts.retried, counts.lost_workers);
    if (failed_ > 0)
      log::error("{} of {} networks could not be scored, and {} lacks them: the reasons are above", failed_,
                 to_measure_, options_.out);
    show_summary(front, best->first, best->second);  // after all that stderr gets
    return failed_ == 0 ? ExitCode::done : ExitCode::failed;
  }
  void show_summary(std::size_t front, const BackboneGenome& best, double metric) const {
    if (options_.json)
      std::cout << json_text(nlohmann::ordered_json{{"csv", options_.out},
                                                    {"networks", table_.genomes().size()},
                                                    {"measured", measured_},
                                                    {"failed", failed_},
                                                    {"front", front},
                                                    {"best", {{"genome", to_text(best)}, {"metric", metric}}},
                                                    {"seconds", seconds()}})
                << '\n';
    else
      std::cout << fmt::format("{}: {} networks, {} of them not dominated, the best {} with {:.2f} %\n", options_.out,
                               table_.genomes().size(), front, to_text(best), metric);
    std::cout.flush();
  }
  [[nodiscard]] double seconds() const { return clock_() - start_s_; }

  const SweepOptions& options_;
  const Conditions conditions_;
  const RunHooks& hooks_;
  Dispatcher& dispatcher_;
  ProgressDisplay& display_;
  SweepTable table_;
  TaskBoard board_;
  std::size_t to_measure_ = 0, measured_ = 0, failed_ = 0;
  Clock clock_ = steady_clock();
  double start_s_ = clock_();
};

}  // namespace

ExitCode run_sweep(const SweepOptions& options, const SweepSource& source, Mailbox& mailbox, const RunHooks& hooks) {
  Dispatcher dispatcher(mailbox, {.lease_s = options.lease_s, .deadline_s = options.deadline_s}, hooks.idle);
  const Farewell farewell{dispatcher, hooks};
  const OutputFolder folder(options.out, "out");
  options.check_outputs(source.files);
  dispatcher.expect_settings(source.fingerprint());
  ProgressDisplay display("reading the inputs", {}, hooks.stop);
  return Sweep(options, source.open(), source.files, hooks, dispatcher, display).lead();
}

}  // namespace harmonic
