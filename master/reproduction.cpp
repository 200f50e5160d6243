#include "master/reproduction.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/overloaded.hpp"

namespace harmonic {

Reproduction::Reproduction(std::vector<ReproducedRow> rows, int seeds, bool test, int pairs_at_once)
    : rows_(std::move(rows)), seeds_(seeds), test_(test), pairs_at_once_(pairs_at_once) {}

std::vector<Task> Reproduction::ask() {
  while (awaited_.empty() && phase_ != Phase::over) {
    if (phase_ == Phase::idle) {
      start_searches();
    } else if (phase_ == Phase::searches) {
      start_tests();
    } else {
      phase_ = Phase::over;
    }
  }
  std::vector<Task> tasks;
  for (const auto& [id, work] : awaited_) tasks.push_back({id, work});
  return tasks;
}

void Reproduction::await(Work work) {
  awaited_.emplace(TaskId{next_task_++}, std::move(work));
}

void Reproduction::start_searches() {
  phase_ = Phase::searches;
  std::set<std::pair<int, BackboneGenome>> asked;
  for (const auto& row : rows_) {
    for (std::size_t m = 0; m < row.genome.backbones.size(); ++m)
      if (const auto modality = static_cast<int>(m); asked.emplace(modality, row.genome.backbones[m]).second)
        await(EvaluateBackbones{modality, {row.genome.backbones[m]}, Split::test});
    SearchFusion piece;
    for (int seed = 1; seed <= seeds_; ++seed) {
      piece.candidates.push_back({model_id(row.published.row, seed), row.genome, {}, seed - 1});
      if (seed % pairs_at_once_ == 0 || seed == seeds_) await(std::exchange(piece, {}));
    }
  }
}

void Reproduction::start_tests() {
  phase_ = Phase::tests;
  if (archive_.models().empty())
    throw RunError(fmt::format("no fusion search came to an end; the last failure: {}", last_failure_));
  if (!test_) return;
  for (const auto& [id, model] : archive_.models()) await(TestModel{id, model.genome, model.genotype});
}

void Reproduction::tell(const Result& result) {
  const auto asked = awaited_.extract(result.task);
  if (asked.empty()) return;
  if (const auto* failure = std::get_if<Failure>(&result.outcome)) {
    last_failure_ = failure->message;
    const auto* search = std::get_if<SearchFusion>(&asked.mapped());
    if (search != nullptr && search->candidates.size() > 1)  // each gets a chance of its own
      for (const auto& candidate : search->candidates) await(SearchFusion{{candidate}});
    return;
  }
  std::visit(Overloaded{[&](const EvaluateBackbones& w) {
                          if (const auto* scores = std::get_if<BackboneScores>(&result.outcome))
                            unimodal_[{w.modality, w.genomes.front()}] = scores->metric.front();
                        },
                        [&](const SearchFusion& w) {
                          const auto* found = std::get_if<FusionScores>(&result.outcome);
                          if (found == nullptr) return;
                          const double seconds = result.seconds / static_cast<double>(w.candidates.size());
                          for (std::size_t i = 0; i < w.candidates.size(); ++i) {
                            const auto& score = found->scores.at(i);
                            archive_.add({w.candidates[i].candidate,
                                          1,
                                          w.candidates[i].genome,
                                          score.metric_val,
                                          score.genotype,
                                          seconds,
                                          score.metric_test,
                                          {}});
                          }
                        },
                        [&](const TestModel& w) {
                          if (const auto* score = std::get_if<TestScore>(&result.outcome))
                            archive_.set_metric_test(w.candidate, score->metric_test);
                        }},
             asked.mapped());
}

CandidateId Reproduction::model_id(int row, int seed) {
  return CandidateId{static_cast<std::uint64_t>(100 * row + seed)};
}

std::vector<const ScoredModel*> Reproduction::models(const ReproducedRow& row) const {
  std::vector<const ScoredModel*> found;
  for (int seed = 1; seed <= seeds_; ++seed)
    if (const auto it = archive_.models().find(model_id(row.published.row, seed)); it != archive_.models().end())
      found.push_back(&it->second);
  return found;
}

std::optional<double> Reproduction::unimodal_metric(const ReproducedRow& row, std::size_t modality) const {
  const auto it = unimodal_.find({static_cast<int>(modality), row.genome.backbones.at(modality)});
  return it == unimodal_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<double> Reproduction::metric(const ScoredModel& model) const {
  return model.metric_test;
}

}  // namespace harmonic
