#include "master/search/progress.hpp"

#include <algorithm>
#include <utility>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "master/search/breeding.hpp"
#include "master/search/model_choice.hpp"

namespace harmonic {
namespace {

const char* name_of(Evolution::Phase phase) {
  switch (phase) {
    case Evolution::Phase::backbones:
      return "backbones";
    case Evolution::Phase::fusion:
      return "fusion";
    case Evolution::Phase::retraining:
      return "retraining";
    case Evolution::Phase::test:
      return "test";
    case Evolution::Phase::over:
      break;
  }
  return "done";
}

/// Late fusion takes next to no time, and is not counted.
std::size_t counted_parts(const Work& work) {
  return is_late_fusion(work) ? 0 : static_cast<std::size_t>(parts_of(work));
}

}  // namespace

int Progress::models() const {
  const bool anchored = settings_.pairs == 0 && settings_.schedule == Schedule::generational;  // its first generation
  return settings_.pairs_a_generation() * settings_.generations + (anchored ? kAnchors : 0);
}

void Progress::batch(const Evolution& search, const std::vector<Task>& tasks) {
  batch_size_ = batch_done_ = 0;
  batch_start_s_ = clock_();
  batch_of_ = {search.generation(), search.phase()};
  for (const auto& task : tasks) batch_size_ += counted_parts(task.work);
  if (search.phase() == Evolution::Phase::backbones) groups_ = tasks.size();
}

void Progress::more(const Evolution& search, const std::vector<Task>& tasks) {
  if (tasks.empty()) return;
  if (batch_of_ != std::pair{search.generation(), search.phase()}) return batch(search, tasks);
  for (const auto& task : tasks) batch_size_ += counted_parts(task.work);
}

void Progress::told(const Task& task, const Result& result) {
  batch_done_ += counted_parts(task.work);
  if (std::holds_alternative<BackboneScores>(result.outcome))
    group_s_ = {group_s_.sum + result.seconds, group_s_.count + 1};
  if (const auto* found = std::get_if<FusionScores>(&result.outcome)) {
    if (!is_late_fusion(task.work))
      fusion_s_ = {fusion_s_.sum + result.seconds, fusion_s_.count + static_cast<int>(found->scores.size())};
  }
  if (std::holds_alternative<RetrainScore>(result.outcome))
    retraining_s_ = {retraining_s_.sum + result.seconds, retraining_s_.count + 1};
  if (std::holds_alternative<TestModel>(task.work)) test_s_ = {test_s_.sum + result.seconds, test_s_.count + 1};
}

double Progress::part_s(const Mean& known, const WorkerCount& workers) const {
  if (known.count > 0) return known.value();
  return workers.parts_under_way > 0 ? workers.busy * (clock_() - batch_start_s_) / workers.parts_under_way : 0;
}

double Progress::fusion_s(const Evolution& search, const WorkerCount& workers) const {
  return search.phase() == Evolution::Phase::fusion ? part_s(fusion_s_, workers) : fusion_s_.value();
}

bool Progress::tells_time(const Evolution& search, const WorkerCount& workers) const {
  if (search.phase() == Evolution::Phase::retraining) return part_s(retraining_s_, workers) > 0;
  if (search.phase() == Evolution::Phase::test) return part_s(test_s_, workers) > 0 || batch_done_ >= batch_size_;
  if (search.is_alone()) return group_s_.count > 0;
  return fusion_s(search, workers) > 0;
}

double Progress::seconds_left(const Evolution& search, const WorkerCount& workers, double a_fusion_s) const {
  const double left =
      std::max(0.0, static_cast<double>(batch_size_) - static_cast<double>(batch_done_) - workers.parts_under_way);
  const double generations = settings_.generations - search.generation();
  const int rounds = settings_.choose == PairChoice::model ? kBackboneRounds : 1;
  const double race = retraining_s_.sum / std::max(1, search.generation());  // of a generation
  const double models = search.is_alone() ? 0 : settings_.pairs_a_generation() * a_fusion_s + race;
  const double a_generation = rounds * static_cast<double>(groups_) * group_s_.value() + models;
  const auto now = [&] {
    switch (search.phase()) {
      case Evolution::Phase::backbones:
        return left * group_s_.value() + models;
      case Evolution::Phase::fusion:
        return left * a_fusion_s + race;
      case Evolution::Phase::retraining:
        return left * part_s(retraining_s_, workers);
      case Evolution::Phase::test:
        return left * part_s(test_s_, workers);
      case Evolution::Phase::over:
        break;
    }
    return 0.0;
  };
  return (now() + generations * a_generation) / std::max(1, workers.here);
}

ProgressLine Progress::line(const Evolution& search, const WorkerCount& workers) const {
  const double done =
      std::min(static_cast<double>(batch_done_) + workers.parts_under_way, static_cast<double>(batch_size_));
  std::string text = fmt::format("generation {}/{}  {} {:.{}f}/{}  models {}  workers busy {}/{}", search.generation(),
                                 settings_.generations, name_of(search.phase()), done,
                                 workers.parts_under_way > 0 ? 1 : 0, batch_size_,
                                 search.is_alone() ? std::to_string(search.archive().models().size())
                                                   : fmt::format("{}/{}", search.archive().searched(), models()),
                                 workers.busy, workers.here);
  if (const double best = search.archive().best_metric(); best > 0) text += fmt::format("  best {:.2f} %", best);
  if (hypervolume_ > 0) text += fmt::format("  hypervolume {:.6g}", hypervolume_);
  if (!tells_time(search, workers)) return {std::move(text)};
  return {std::move(text), seconds_left(search, workers, fusion_s(search, workers))};
}

void Progress::generation_done(const Evolution& search, double hypervolume, const std::string& reference) {
  hypervolume_ = hypervolume;
  log::info("generation {}/{}: {} models, best {:.2f} %, front of {}, hypervolume {:.6g} (reference: {}), {}",
            search.generations_finished(), settings_.generations, search.archive().models().size(),
            search.archive().best_metric(), search.front().size(), hypervolume_, reference,
            human_duration(clock_() - start_s_));
}

}  // namespace harmonic
