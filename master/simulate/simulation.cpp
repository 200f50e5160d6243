#include "master/simulate/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <optional>

#include <unistd.h>

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/json_text.hpp"
#include "master/run/run.hpp"
#include "master/search/search_plan.hpp"
#include "master/simulate/virtual_workers.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// A folder for a run that nobody keeps.
class PassingFolder {
 public:
  PassingFolder() : path_(temporary_beside(fs::temp_directory_path() / "harmonic-simulate")) {}
  ~PassingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// Memory of this process that is in use, bytes; 0 where the system does not tell.
double resident_bytes() {
  std::ifstream in("/proc/self/statm");
  double pages = 0, resident = 0;
  in >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// What is measured while the run goes on.
class Meter {
 public:
  /// @param alone of one modality: its candidates are backbones that are evaluated, else fusion searches
  Meter(Clock clock, std::function<double()> not_the_masters_s, bool alone)
      : clock_(std::move(clock)), not_the_masters_s_(std::move(not_the_masters_s)), alone_(alone) {}

  void heard(const Task& task, const Result& result) {
    const double now_s = clock_();
    if (!begun_) begun_ = {now_s - result.seconds, cpu_s()};
    begun_->at_s = std::min(begun_->at_s, now_s - result.seconds);
    ended_s_ = now_s;
    busy_s_ += result.seconds;
    spans_.push_back({now_s - result.seconds, now_s});
    if (spans_.size() > 2 * latest_spans_) forget_earlier_spans();
    const auto count = counted(task.work);
    if (count == 0) return;
    candidates_ += count;
    last_dealt_s_ = std::max(last_dealt_s_, now_s - result.seconds);
    counted_.emplace_back(task.id, Counted{count, static_cast<float>(result.seconds)});
    if (!early_ && candidates_ >= kSettled) early_ = {candidates_, resident_bytes()};
  }
  void end() {
    if (begun_) master_s_ = cpu_s() - begun_->cpu_s;
    if (early_ && candidates_ >= 2 * early_->candidates)  // of fewer, the pages of one write are most of it
      growth_ = (resident_bytes() - early_->bytes) / static_cast<double>(candidates_ - early_->candidates);
  }

  [[nodiscard]] std::size_t candidates() const { return candidates_; }
  [[nodiscard]] double wall_s() const { return begun_ ? ended_s_ - begun_->at_s : 0; }
  [[nodiscard]] double utilisation(int workers) const {
    return wall_s() > 0 ? std::min(1.0, busy_s_ / (wall_s() * workers)) : 0;
  }
  /// The same up to the moment when the last fusion search was dealt: from then on workers have nothing to wait for.
  [[nodiscard]] double utilisation_while_dealing(int workers) const {
    double busy_s = earlier_busy_s_;
    for (const auto& [begin_s, end_s] : spans_) busy_s += std::max(0.0, std::min(end_s, last_dealt_s_) - begin_s);
    const double wall_s = begun_ ? last_dealt_s_ - begun_->at_s : 0;
    return wall_s > 0 ? std::min(1.0, busy_s / (wall_s * workers)) : 0;
  }
  [[nodiscard]] double master_ms_per_candidate() const {
    return candidates_ > 0 ? 1e3 * master_s_ / static_cast<double>(candidates_) : 0;
  }
  /// Nothing of a short run.
  [[nodiscard]] std::optional<double> bytes_per_candidate() const { return growth_; }
  /// Of each candidate, in the order asked.
  [[nodiscard]] std::vector<double> seconds_of_candidates() const {
    auto sorted = counted_;
    std::ranges::sort(sorted, {}, [](const auto& entry) { return entry.first; });
    std::vector<double> seconds;
    for (const auto& [id, piece] : sorted)
      seconds.insert(seconds.end(), piece.candidates, static_cast<double>(piece.seconds) / piece.candidates);
    return seconds;
  }

 private:
  static constexpr std::size_t kFewSpans = 1000;
  static constexpr std::size_t kSettled = 2000;  // candidates: before, memory of all kinds is taken for good

  [[nodiscard]] double cpu_s() const { return thread_cpu_s() - not_the_masters_s_(); }
  [[nodiscard]] std::uint32_t counted(const Work& work) const {
    const auto* backbones = std::get_if<EvaluateBackbones>(&work);
    const auto* search = std::get_if<SearchFusion>(&work);
    if (alone_) return backbones == nullptr ? 0 : static_cast<std::uint32_t>(backbones->genomes.size());
    return search == nullptr || is_late_fusion(work) ? 0 : static_cast<std::uint32_t>(search->candidates.size());
  }

  struct Beginning {
    double at_s = 0, cpu_s = 0;
  };
  struct Early {
    std::size_t candidates = 0;
    double bytes = 0;
  };

  struct Counted {  // of all that there are: few bytes each
    std::uint32_t candidates = 0;
    float seconds = 0;
  };
  /// Those that ended before the last search was dealt count as a whole, however many there are.
  void forget_earlier_spans() {
    std::erase_if(spans_, [this](const auto& span) {
      const bool is_earlier = span.second <= last_dealt_s_;
      if (is_earlier) earlier_busy_s_ += span.second - span.first;
      return is_earlier;
    });
    latest_spans_ = std::max(kFewSpans, spans_.size());
  }

  Clock clock_;
  std::function<double()> not_the_masters_s_;
  bool alone_;
  std::optional<Beginning> begun_;
  std::optional<Early> early_;
  std::optional<double> growth_;
  double ended_s_ = 0, last_dealt_s_ = 0, busy_s_ = 0, master_s_ = 0;
  std::vector<std::pair<double, double>> spans_;  ///< of pieces of work, but for earlier ones
  double earlier_busy_s_ = 0;                     ///< of these
  std::size_t latest_spans_ = kFewSpans;          ///< how many were left when the earlier ones were taken off
  std::size_t candidates_ = 0;
  std::vector<std::pair<TaskId, Counted>> counted_;  ///< pieces of work
};

/// What answers depend on besides the search's own settings counts for the run's identity.
RunInputs simulated_inputs(const SimulateSettings& settings, const SearchSettings& searched, const RunHooks& hooks) {
  RunInputs inputs(searched, hooks);
  std::string text = "simulate";
  for (std::size_t m = 0; m < searched.modalities.size(); ++m) {
    const auto file = settings.answers_of(m);
    if (file.empty()) continue;
    const InputFile answers{"answers of " + searched.modalities[m].name, file};
    inputs.contents[answers.role] = content_hash(answers);
    text += fmt::format(" {:016x}", inputs.contents[answers.role]);
    inputs.files.push_back(answers);
  }
  inputs.hash = hash64(fmt::format("{} {}", text, shortest(settings.noise)), inputs.hash);
  return inputs;
}

double rounded(double value, double unit) {
  return std::round(value / unit) * unit;
}

void print(const SimulateSettings& settings, const SearchSettings& searched, const Meter& meter, int ranks,
           const std::string& result) {
  const int workers = std::max(1, ranks - 1);
  const auto& evolution = searched.evolution;
  const auto seconds = meter.seconds_of_candidates();
  const bool steady = evolution.schedule == Schedule::steady;
  const double dealt_before =
      static_utilisation(seconds, workers,
                         steady ? std::max<std::size_t>(1, seconds.size())
                                : static_cast<std::size_t>(SimulateSettings::candidates_a_generation(searched)));
  const double utilisation = meter.utilisation(workers), while_dealing = meter.utilisation_while_dealing(workers);
  const auto found = nlohmann::json::parse(result, nullptr, /*allow_exceptions=*/false);
  if (settings.run.json) {
    nlohmann::ordered_json json = {{"ranks", ranks},
                                   {"candidates", meter.candidates()},
                                   {"wall_s", rounded(meter.wall_s(), 1e-3)},
                                   {"utilisation", rounded(utilisation, 1e-4)},
                                   {"utilisation_while_dealing", rounded(while_dealing, 1e-4)},
                                   {"static_utilisation", rounded(dealt_before, 1e-4)},
                                   {"master_ms_per_candidate", rounded(meter.master_ms_per_candidate(), 1e-5)},
                                   {"schedule", word_of(kSchedules, evolution.schedule)},
                                   {"virtual_time", settings.virtual_time}};
    if (const auto bytes = meter.bytes_per_candidate()) json["master_bytes_per_candidate"] = rounded(*bytes, 1);
    if (found.is_object()) {
      json["front"] = found.at("front").size();
      json["hypervolume"] = found.at("hypervolume");
    }
    std::cout << json_text(json) << '\n';
  } else {
    const bool alone = searched.is_alone();
    std::cout << fmt::format(
        "{} {} on {} workers in {}{}: {:.1f} % of their time was work ({:.1f} % while there was more to deal; {:.1f} % "
        "if each had got its equal share before); the master's own time is {:.3f} ms {}{}\n",
        meter.candidates(), alone ? "evaluations" : "fusion searches", workers, human_duration(meter.wall_s()),
        settings.virtual_time ? " of virtual time" : "", 100 * utilisation, 100 * while_dealing, 100 * dealt_before,
        meter.master_ms_per_candidate(), alone ? "an evaluation" : "a search",
        meter.bytes_per_candidate() ? fmt::format(", its memory {:.0f} bytes", *meter.bytes_per_candidate()) : "");
  }
  std::cout.flush();
}

}  // namespace

double static_utilisation(const std::vector<double>& seconds, int workers, std::size_t batch) {
  double work = 0, wall = 0;
  const auto count = static_cast<std::size_t>(workers);
  for (std::size_t begin = 0; begin < seconds.size(); begin += batch) {
    const auto size = std::min(batch, seconds.size() - begin);
    double longest = 0;
    for (std::size_t w = 0; w < count; ++w) {
      double own = 0;
      for (std::size_t i = w * size / count; i < (w + 1) * size / count; ++i) own += seconds[begin + i];
      longest = std::max(longest, own);
      work += own;
    }
    wall += longest;
  }
  return wall > 0 ? work / (wall * workers) : 0;
}

ExitCode run_simulation(const SimulateSettings& settings, Mailbox& mailbox, RunHooks hooks,
                        const std::function<double()>& not_the_masters_s) {
  const PassingFolder passing;
  SearchSettings searched = settings.searched();
  hooks.is_kept = !searched.run.empty();
  hooks.believe_input_faults = true;  // of sweeps that all read
  if (!hooks.is_kept) searched.run = passing.path();
  Meter meter(hooks.clock, not_the_masters_s, searched.is_alone());
  std::string result;
  hooks.heard = [&](const Task& task, const Result& of_task) { meter.heard(task, of_task); };
  hooks.result = [&](const std::string& text) { result = text; };
  const RunRecipe recipe{"simulate", run_config(settings), [&] { return simulated_inputs(settings, searched, hooks); },
                         [&](const auto& inputs, const auto& paths, RunRecipe::Start start) {
                           return make_search_plan(searched, inputs, paths, start);
                         }};
  const ExitCode code = lead_run(searched, recipe, mailbox, hooks);
  meter.end();
  if (code == ExitCode::done) print(settings, searched, meter, mailbox.size(), result);
  return code;
}

}  // namespace harmonic
