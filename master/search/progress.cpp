#include "master/search/progress.hpp"

#include <algorithm>
#include <cmath>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "master/search/breeding.hpp"
#include "master/search/model_choice.hpp"

namespace harmonic {
namespace {

const char* name_of(Search::Phase phase) {
  switch (phase) {
    case Search::Phase::backbones:
      return "backbones";
    case Search::Phase::fusion:
      return "fusion";
    case Search::Phase::test:
      return "test";
    case Search::Phase::over:
      break;
  }
  return "done";
}

}  // namespace

int Progress::pairs() const {
  return settings_.pairs > 0 ? settings_.pairs
                             : static_cast<int>(std::ceil(settings_.population * settings_.backbone_survivors));
}

int Progress::models() const {
  return pairs() * settings_.generations + (settings_.pairs > 0 ? 0 : kAnchors);
}

void Progress::batch(const Search& search, const std::vector<Task>& tasks) {
  batch_size_ = batch_done_ = 0;
  for (const auto& task : tasks) batch_size_ += static_cast<std::size_t>(parts_of(task.work));
  if (search.phase() == Search::Phase::backbones) groups_ = tasks.size();
}

void Progress::told(const Task& task, const Result& result) {
  batch_done_ += static_cast<std::size_t>(parts_of(task.work));
  if (std::holds_alternative<BackboneScores>(result.outcome))
    group_s_ = {group_s_.sum + result.seconds, group_s_.count + 1};
  if (const auto* found = std::get_if<FusionScores>(&result.outcome)) {
    fusion_s_ = {fusion_s_.sum + result.seconds, fusion_s_.count + static_cast<int>(found->scores.size())};
    for (const auto& score : found->scores) best_ = std::max(best_, score.metric_val);
  }
}

double Progress::seconds_left(const Search& search, const WorkerCount& workers) const {
  const bool in_backbones = search.phase() == Search::Phase::backbones;
  const double left = static_cast<double>(batch_size_ - batch_done_) - workers.parts_under_way;
  const double generations = settings_.generations - search.generation();
  const int rounds = settings_.choose == PairChoice::model ? kBackboneRounds : 1;
  const double a_generation = rounds * static_cast<double>(groups_) * group_s_.value() + pairs() * fusion_s_.value();
  const double now = in_backbones ? left * group_s_.value() + pairs() * fusion_s_.value() : left * fusion_s_.value();
  return (now + generations * a_generation) / std::max(1, workers.here);
}

std::string Progress::line(const Search& search, const WorkerCount& workers) const {
  const double done = static_cast<double>(batch_done_) + workers.parts_under_way;
  std::string text =
      fmt::format("generation {}/{}  {} {:.{}f}/{}  models {}/{}  workers busy {}/{}", search.generation(),
                  settings_.generations, name_of(search.phase()), done, workers.parts_under_way > 0 ? 1 : 0,
                  batch_size_, search.archive().models().size(), models(), workers.busy, workers.here);
  if (best_ > 0) text += fmt::format("  best {:.2f} %", best_);
  if (hypervolume_ > 0) text += fmt::format("  hypervolume {:.1f}", hypervolume_);
  if (fusion_s_.count > 0) text += fmt::format("  ETA {}", human_duration(seconds_left(search, workers)));
  return text;
}

void Progress::generation_done(const Search& search, double hypervolume) {
  hypervolume_ = hypervolume;
  best_ = std::max(best_, search.archive().best_metric());
  log::info("generation {}/{}: {} models, best {:.2f} %, front of {}, hypervolume {:.2f}, {}",
            search.generations_finished(), settings_.generations, search.archive().models().size(), best_,
            search.front().size(), hypervolume_, human_duration(clock_() - start_s_));
}

}  // namespace harmonic
