#include "master/search/race.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/statistics.hpp"
#include "master/models/retraining_noise.hpp"

namespace harmonic {
namespace {

constexpr double kConfidence = 0.95;

bool costs_no_more(const ScoredModel& a, const ScoredModel& b) {
  return std::equal(a.objectives.begin() + 1, a.objectives.end(), b.objectives.begin() + 1,
                    [](double of_a, double of_b) { return of_a <= of_b; });
}

/// The members of the front that can be retrained; where there are none, the front of all models that can.
std::vector<const ScoredModel*> retrainable_front(const Archive& archive) {
  std::vector<const ScoredModel*> front;
  for (const auto id : archive.front())
    if (const auto& model = archive.models().at(id); is_retrainable(model)) front.push_back(&model);
  if (!front.empty()) return front;
  for (const auto& [id, model] : archive.models()) {
    if (!is_retrainable(model) || std::ranges::any_of(front, [&](const auto* other) { return beats(*other, model); }))
      continue;
    std::erase_if(front, [&](const auto* other) { return beats(model, *other); });
    front.push_back(&model);
  }
  return front;
}

/// The front against every model.
class Race {
 public:
  Race(const Archive& archive, const RetrainingNoise& noise)
      : deviation_(noise.deviation), quantile_(student_quantile(kConfidence, noise.freedom)) {
    for (const auto id : archive.front()) front_.push_back(&archive.models().at(id));
  }

  /// Members of the front that it competes with and is not told apart from. Nothing when it cannot be on the front:
  /// whoever keeps it off is asked first the next time, for it is likely to keep off most of what is off.
  [[nodiscard]] std::optional<std::vector<const ScoredModel*>> rivals(const ScoredModel& model) {
    std::vector<const ScoredModel*> found;
    for (auto& member : front_) {
      const auto kept_off = [&] {
        std::swap(member, front_.front());
        return std::nullopt;
      };
      if (member->costs.violation < model.costs.violation) return kept_off();
      const bool cheaper = costs_no_more(*member, model), dearer = costs_no_more(model, *member);
      if (!cheaper && !dearer) continue;
      const double gap = member->metric_val - model.metric_val;
      const bool told_apart = std::abs(gap) >= margin(*member, model);
      if (told_apart && dominates(member->objectives, model.objectives)) return kept_off();
      if (!told_apart && !(gap == 0 && cheaper && dearer)) found.push_back(member);
    }
    return found;
  }

 private:
  [[nodiscard]] double margin(const ScoredModel& a, const ScoredModel& b) const {
    return quantile_ * std::sqrt(retraining_variance(a, deviation_) + retraining_variance(b, deviation_));
  }

  double deviation_;
  double quantile_;
  std::vector<const ScoredModel*> front_;
};

}  // namespace

std::vector<CandidateId> next_retrainings(const Archive& archive, int limit, const std::set<CandidateId>& failed) {
  std::set<CandidateId> chosen;
  if (limit <= 1) return {};  // the search's own is the first
  const auto choose = [&](const ScoredModel& model) {
    if (is_retrainable(model) && model.retrained.size() < static_cast<std::size_t>(limit) && !failed.contains(model.id))
      chosen.insert(model.id);
  };
  if (const auto noise = retraining_noise(archive); !noise) {
    for (const auto* model : retrainable_front(archive)) choose(*model);
  } else {
    Race race(archive, *noise);
    for (const auto& [id, model] : archive.models()) {
      const auto rivals = race.rivals(model);
      if (!rivals || rivals->empty()) continue;
      choose(model);
      for (const auto* rival : *rivals) choose(*rival);
    }
  }
  return {chosen.begin(), chosen.end()};
}

std::vector<CandidateId> contenders(const Archive& archive) {
  const auto noise = retraining_noise(archive);
  if (!noise) return archive.front();
  std::vector<CandidateId> found;
  Race race(archive, *noise);
  for (const auto& [id, model] : archive.models())
    if (race.rivals(model)) found.push_back(id);
  return found;
}

}  // namespace harmonic
