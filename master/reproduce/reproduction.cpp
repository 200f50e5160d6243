#include "master/reproduce/reproduction.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/overloaded.hpp"
#include "master/models/retraining_noise.hpp"
#include "master/models/scored_models.hpp"

namespace harmonic {
namespace {

/// Of the search that found it (FusionCandidate::trial).
int trial_of(CandidateId model) {
  return static_cast<int>(model.value % 100) - 1;
}

}  // namespace

Reproduction::Reproduction(std::vector<ReproducedRow> rows, int seeds, bool test, int pairs_at_once,
                           Archive::Prices prices, int retrainings, bool late_fusion, int first_seed)
    : rows_(std::move(rows)),
      first_seed_(first_seed),
      last_seed_(first_seed + seeds - 1),
      test_(test),
      late_fusion_(late_fusion),
      pairs_at_once_(pairs_at_once),
      retrainings_(retrainings) {
  if (prices) archive_.price_with(std::move(prices));
}

std::vector<Task> Reproduction::ask() {
  while (board_.empty() && phase_ != Phase::over) {
    if (phase_ == Phase::idle) {
      start_searches();
    } else if (phase_ == Phase::searches) {
      start_retrainings();
    } else if (phase_ == Phase::retrainings) {
      end_retrainings();
      start_tests();
    } else {
      phase_ = Phase::over;
    }
  }
  return board_.tasks();
}

void Reproduction::start_searches() {
  phase_ = Phase::searches;
  std::set<std::pair<int, BackboneGenome>> asked;
  for (const auto& row : rows_) {
    for (std::size_t m = 0; m < row.genome.backbones.size(); ++m)
      if (const auto modality = static_cast<int>(m); asked.emplace(modality, row.genome.backbones[m]).second)
        board_.add(EvaluateBackbones{modality, {row.genome.backbones[m]}, Split::test});
    SearchFusion piece;
    if (late_fusion_) {
      for (auto& genome : late_fusions_of(row.genome.backbones)) {
        const auto late = late_fusion_of(genome.macro);
        piece.candidates.push_back({model_id(row.published.row, late), std::move(genome)});
      }
      board_.add(std::exchange(piece, {}));
    }
    for (int seed = first_seed_; seed <= last_seed_; ++seed) {
      piece.candidates.push_back({model_id(row.published.row, seed), row.genome, {}, seed - 1});
      if (seed % pairs_at_once_ == 0 || seed == last_seed_) board_.add(std::exchange(piece, {}));
    }
  }
}

void Reproduction::start_retrainings() {
  phase_ = Phase::retrainings;
  for (const auto& [id, model] : archive_.models()) {
    if (!is_retrainable(model)) continue;
    for (int repeat = 1; repeat < retrainings_; ++repeat)
      board_.add(RetrainModel{id, model.genome, model.genotype, repeat, trial_of(id)});
  }
}

void Reproduction::end_retrainings() {
  std::vector<Retraining> retrainings;
  for (const auto& [key, retraining] : retrained_) retrainings.push_back(retraining);
  retrained_.clear();
  archive_.add_retrainings(retrainings);
}

void Reproduction::start_tests() {
  phase_ = Phase::tests;
  if (std::ranges::all_of(rows_, [this](const auto& row) { return models(row).empty(); }))
    throw RunError(fmt::format("no fusion search came to an end; the last failure: {}", board_.last_failure()));
  if (!test_) return;
  for (const auto& [id, model] : archive_.models()) board_.add(TestModel{id, model.genome, model.genotype});
}

void Reproduction::tell(const Result& result) {
  const auto work = board_.take(result);
  if (!work) return;
  std::visit(Overloaded{[&](const EvaluateBackbones& w) {
                          if (const auto* scores = std::get_if<BackboneScores>(&result.outcome))
                            unimodal_[{w.modality, w.genomes.front()}] = scores->metric.front();
                        },
                        [&](const SearchFusion& w) {
                          if (const auto* found = std::get_if<FusionScores>(&result.outcome))
                            for (std::size_t i = 0; i < w.candidates.size(); ++i)
                              keep_interval(w.candidates[i].candidate, found->scores.at(i).test_interval);
                          for (auto& model : scored_models(w, result, /*generation=*/1)) {
                            model.architecture.clear();  // nothing starts from it
                            archive_.add(std::move(model));
                          }
                        },
                        [&](const RetrainModel& w) {
                          if (const auto* score = std::get_if<RetrainScore>(&result.outcome))
                            retrained_[{w.candidate, w.repeat}] = {w.candidate, score->metric_val, result.seconds};
                        },
                        [&](const TestModel& w) {
                          const auto* score = std::get_if<TestScore>(&result.outcome);
                          if (score == nullptr) return;
                          archive_.set_metric_test(w.candidate, score->metric_test);
                          keep_interval(w.candidate, score->interval);
                        }},
             *work);
}

void Reproduction::keep_interval(CandidateId model, const std::optional<Interval>& interval) {
  if (interval) test_intervals_[model] = *interval;
}

CandidateId Reproduction::model_id(int row, int seed) {
  return CandidateId{static_cast<std::uint64_t>(100 * row + seed)};
}

CandidateId Reproduction::model_id(int row, LateFusion late) {
  return model_id(row, kMostSeeds + static_cast<int>(late));
}

const ScoredModel* Reproduction::late_fusion(const ReproducedRow& row, LateFusion late) const {
  const auto it = archive_.models().find(model_id(row.published.row, late));
  return it == archive_.models().end() ? nullptr : &it->second;
}

std::vector<std::pair<int, const ScoredModel*>> Reproduction::models(const ReproducedRow& row) const {
  std::vector<std::pair<int, const ScoredModel*>> found;
  for (int seed = first_seed_; seed <= last_seed_; ++seed)
    if (const auto it = archive_.models().find(model_id(row.published.row, seed)); it != archive_.models().end())
      found.emplace_back(seed, &it->second);
  return found;
}

std::optional<double> Reproduction::unimodal_metric(const ReproducedRow& row, std::size_t modality) const {
  const auto it = unimodal_.find({static_cast<int>(modality), row.genome.backbones.at(modality)});
  return it == unimodal_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<double> Reproduction::metric(const ScoredModel& model) const {
  return model.metric_test;
}

std::optional<Interval> Reproduction::test_interval(const ScoredModel& model) const {
  const auto it = test_intervals_.find(model.id);
  return it == test_intervals_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace harmonic
