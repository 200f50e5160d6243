#include "master/search/search.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/overloaded.hpp"
#include "core/space/late_fusion.hpp"
#include "master/models/scored_models.hpp"
#include "master/search/backbone_selection.hpp"
#include "master/search/batched_pairs.hpp"
#include "master/search/feasible_pairs.hpp"
#include "master/search/late_fusions.hpp"
#include "master/search/model_choice.hpp"
#include "master/search/model_work.hpp"

namespace harmonic {
Search::Search(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs,
               int pairs_at_once, int most_retrainings)
    : Search(std::move(settings), seed, std::move(spaces), std::move(costs), SearchState{}, pairs_at_once,
             most_retrainings) {}

Search::Search(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs,
               SearchState state, int pairs_at_once, int most_retrainings)
    : settings_(std::move(settings)),
      seed_(seed),
      spaces_(std::move(spaces)),
      costs_(std::move(costs)),
      pairs_at_once_(pairs_at_once),
      most_retrainings_(most_retrainings),
      state_(std::move(state)),
      board_(state_.next_task) {
  state_.archive.price_with(costs_.model);
  if (is_alone()) settings_.overlap = 0;
  bred_ = state_.generation;
  parents_after_[state_.generation] = state_.parents;
  for (std::size_t i = 0; i < state_.earlier_parents.size(); ++i)
    parents_after_[state_.generation - 1 - static_cast<int>(i)] = state_.earlier_parents[i];
  mark_boundary();
}

std::vector<Task> Search::ask() {
  while (advance(Tests::yes)) continue;
  unlisted_ = board_.next_id();
  return board_.tasks();
}

std::vector<Task> Search::ask_more(int) {
  while (advance(Tests::not_yet)) continue;
  return board_.tasks_from(std::exchange(unlisted_, board_.next_id()));
}

void Search::tell(const Result& result) {
  const auto work = board_.take(result);
  if (!work) return;
  std::visit(Overloaded{[&](const EvaluateBackbones& w) {
                          const auto* scores = std::get_if<BackboneScores>(&result.outcome);
                          for (std::size_t i = 0; i < w.genomes.size(); ++i) {
                            state_.memo.add(w.modality, w.genomes[i],
                                            scores ? BackboneMemo::Score(scores->metric.at(i)) : std::nullopt);
                            evaluated_since_.push_back({bred_, w.modality, w.genomes[i]});
                            if (is_alone())
                              seconds_[w.genomes[i]] = result.seconds / static_cast<double>(w.genomes.size());
                          }
                        },
                        [&](const SearchFusion& w) {
                          if (is_of_judged(w)) return take(w, result);
                          early_.push_back({w, result});
                        },
                        [&](const RetrainModel& w) {
                          if (const auto* score = std::get_if<RetrainScore>(&result.outcome)) {
                            round_[w.candidate] = {w.candidate, score->metric_val, result.seconds};
                          } else {
                            not_retrained_.insert(w.candidate);
                          }
                        },
                        [&](const TestModel& w) {
                          if (const auto* score = std::get_if<TestScore>(&result.outcome)) {
                            keep_as_it_was(w.candidate);
                            state_.archive.set_metric_test(w.candidate, score->metric_test);
                          }
                        }},
             *work);
}

void Search::take(const SearchFusion& work, const Result& result) {
  auto models = scored_models(work, result, generation());
  if (models.empty()) {
    state_.archive.add_failed(work.candidates.at(0).genome);
    failed_since_.insert(work.candidates.at(0).genome);
  }
  for (auto& model : models) {
    if (const auto found = predicted_.find(model.id); found != predicted_.end()) model.predicted = found->second;
    state_.archive.add(std::move(model));
  }
}

SearchState Search::boundary() const {
  SearchState state = boundary_;
  state.memo = state_.memo;
  for (const auto& evaluated : evaluated_since_) state.memo.remove(evaluated.modality, evaluated.genome);
  for (const auto& [id, model] : state_.archive.models())
    if (id.value < state.next_candidate) {
      const auto before = changed_since_.find(id);
      state.archive.add(before == changed_since_.end() ? model : before->second);
    }
  for (const auto& genome : state_.archive.failed())
    if (!failed_since_.contains(genome)) state.archive.add_failed(genome);
  return state;
}

void Search::keep_as_it_was(CandidateId model) {
  if (model.value < boundary_.next_candidate) changed_since_.try_emplace(model, state_.archive.models().at(model));
}

/// What generations that are bred ahead have asked for is no part of it.
void Search::mark_boundary() {
  boundary_ = {state_.generation, state_.next_task, state_.next_candidate, state_.survivors, state_.parents};
  for (int g = state_.generation - 1; g >= state_.generation - settings_.overlap; --g)
    if (const auto parents = parents_after_.find(g); parents != parents_after_.end())
      boundary_.earlier_parents.push_back(parents->second);
  if (const auto last = paired_.find(state_.generation - 1); last != paired_.end()) {
    boundary_.survivors = last->second.survivors;
    boundary_.next_candidate = last->second.next_candidate;
  }
  paired_.erase(paired_.begin(), paired_.lower_bound(state_.generation));
  parents_after_.erase(parents_after_.begin(), parents_after_.lower_bound(state_.generation - settings_.overlap));
  std::erase_if(evaluated_since_, [&](const auto& e) { return e.generation < state_.generation; });
  failed_since_.clear();
  changed_since_.clear();
}

int Search::generation() const {
  return std::min(state_.generation + 1, settings_.generations);
}

bool Search::advance(Tests tests) {
  return advance_breeding() || judge(tests);
}

bool Search::advance_breeding() {
  if (!breeding_) {
    if (bred_ >= settings_.generations || bred_ - state_.generation > settings_.overlap) return false;
    start_generation();
    return true;
  }
  if (board_.awaits([](const Work& work) { return std::holds_alternative<EvaluateBackbones>(work); })) return false;
  select_backbones();
  if (is_alone()) {
    score_backbones();
  } else if (settings_.choose == PairChoice::model && ++backbone_round_ < kBackboneRounds) {
    breed_backbones();
  } else {
    pair_backbones();
  }
  return true;
}

bool Search::judge(Tests tests) {
  switch (phase_) {
    case Phase::backbones:
      if (paired_.contains(state_.generation)) {
        begin_to_judge();
        return true;
      }
      if (state_.generation < settings_.generations || tests == Tests::not_yet) return false;
      is_alone() && settings_.finetune_epochs > 0 ? start_tuning() : start_tests();
      return true;
    case Phase::fusion:
      if (board_.awaits([&](const Work& work) {
            const auto* search = std::get_if<SearchFusion>(&work);
            return search != nullptr && is_of_judged(*search);
          }))
        return false;
      not_retrained_.clear();
      race();
      return true;
    case Phase::retraining:
      if (board_.awaits([](const Work& work) { return std::holds_alternative<RetrainModel>(work); })) return false;
      is_alone() ? end_tuning() : race();
      return true;
    case Phase::test:
      if (!board_.empty()) return false;
      phase_ = Phase::over;
      return true;
    case Phase::over:
      break;
  }
  return false;
}

bool Search::is_of_judged(const SearchFusion& work) const {
  const auto judged = paired_.find(state_.generation);
  return judged != paired_.end() && phase_ != Phase::backbones &&
         work.candidates.at(0).candidate.value < judged->second.next_candidate;
}

void Search::begin_to_judge() {
  phase_ = Phase::fusion;
  const auto answers = std::exchange(early_, {});
  for (const auto& [work, result] : answers) {
    if (is_of_judged(work)) {
      take(work, result);
    } else {
      early_.push_back({work, result});
    }
  }
}

bool Search::knows(const MultimodalGenome& genome) const {
  return state_.archive.knows(genome) ||
         std::ranges::any_of(paired_, [&](const auto& entry) { return entry.second.genomes.contains(genome); });
}

const std::vector<CandidateId>& Search::breeding_parents() const {
  static const std::vector<CandidateId> none;
  const auto parents = parents_after_.find(bred_ - settings_.overlap);
  return parents == parents_after_.end() ? none : parents->second;
}

void Search::ask_for(std::vector<Work> work) {
  for (auto& piece : work) board_.add(std::move(piece));
}

void Search::start_generation() {
  breeding_ = true;
  const auto g = static_cast<std::uint64_t>(bred_);
  population_.clear();
  backbone_round_ = 0;
  std::vector<Work> work;
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    const int modality = static_cast<int>(m);
    RandomStream random(seed_, "population", g, m);
    if (g == 0) {
      population_.push_back(first_population(spaces_[m], settings_.population, random, repair_of(costs_, modality)));
    } else {
      std::vector<BackboneGenome> parents = is_alone() ? state_.survivors[m] : std::vector<BackboneGenome>{};
      for (const auto id : breeding_parents()) parents.push_back(state_.archive.models().at(id).genome.backbones[m]);
      if (bred_ <= settings_.overlap) parents = state_.survivors[m];  // no model is judged yet
      const auto known = [&](const BackboneGenome& genome) { return state_.memo.contains(modality, genome); };
      population_.push_back(next_population(spaces_[m], state_.survivors[m], parents, settings_, known, random,
                                            repair_of(costs_, modality), front_backbones()));
    }
    evaluate_population(work, m);
  }
  ask_for(std::move(work));
}

void Search::breed_backbones() {
  std::vector<Work> work;
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    RandomStream random(seed_, fmt::format("population, round {}", backbone_round_), static_cast<std::uint64_t>(bred_),
                        m);
    const auto known = [&](const BackboneGenome& genome) { return state_.memo.contains(static_cast<int>(m), genome); };
    population_[m] = next_population(spaces_[m], state_.survivors[m], state_.survivors[m], settings_, known, random,
                                     repair_of(costs_, static_cast<int>(m)));
    evaluate_population(work, m);
  }
  ask_for(std::move(work));
}

void Search::evaluate_population(std::vector<Work>& work, std::size_t modality) const {
  for (auto& group : unscored_groups(population_[modality], static_cast<int>(modality), state_.memo))
    work.emplace_back(std::move(group));
}

void Search::select_backbones() {
  state_.survivors.resize(spaces_.size());
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    // The survivors before are part of the population: parents and offspring compete.
    state_.survivors[m] = backbone_survivors(population_[m], static_cast<int>(m), state_.memo, costs_, settings_);
    if (state_.survivors[m].empty())
      throw RunError(fmt::format("no backbone of space {} could be evaluated; the last failure: {}", spaces_[m].name,
                                 board_.last_failure()));
  }
}

void Search::pair_backbones() {
  RandomStream random(seed_, "pairing", static_cast<std::uint64_t>(bred_));
  const auto known = [&](const MultimodalGenome& genome) { return knows(genome); };
  auto pairs = pair_within_limits(state_.survivors, settings_.pairs, macro_parents(), settings_, known,
                                  costs_.model_violation, random);
  if (static_cast<int>(pairs.size()) < settings_.pairs) warn_of_few(pairs.size());
  if (settings_.choose == PairChoice::model)
    pairs = choose_pairs(pairs, {spaces_, costs_, state_.memo, state_.archive}, macro_parents(), settings_, random);
  predicted_.clear();
  std::vector<FusionCandidate> candidates;
  for (auto& pair : pairs) {
    FusionCandidate candidate{CandidateId{state_.next_candidate++}, std::move(pair.genome)};
    if (pair.predicted) predicted_.emplace(candidate.candidate, *pair.predicted);
    if (pair.parent) candidate.start = state_.archive.models().at(*pair.parent).architecture;
    candidates.push_back(std::move(candidate));
  }
  std::vector<Work> work;
  const auto not_to_score = [&](const MultimodalGenome& genome) {
    return known(genome) || costs_.model_violation(genome) > 0;
  };
  if (settings_.late_fusion)
    for (auto& late : late_fusions(candidates, not_to_score)) {
      for (auto& candidate : late.candidates) candidate.candidate = CandidateId{state_.next_candidate++};
      work.emplace_back(std::move(late));
    }
  for (auto& piece : batched_pairs(candidates, pairs_at_once_)) work.emplace_back(std::move(piece));
  Paired paired{state_.survivors, state_.next_candidate, {}};
  for (const auto& piece : work)
    for (const auto& candidate : std::get<SearchFusion>(piece).candidates) paired.genomes.insert(candidate.genome);
  paired_.emplace(bred_++, std::move(paired));
  breeding_ = false;
  ask_for(std::move(work));
}

void Search::warn_of_few(std::size_t pairs) const {
  std::vector<std::size_t> survivors;
  for (const auto& backbones : state_.survivors) survivors.push_back(backbones.size());
  log::warning(
      "pairs is {}, but {} surviving backbones of the modalities give no more than {} new ones in generation {}: raise "
      "population or backbone-survivors, or lower pairs",
      settings_.pairs, fmt::join(survivors, " and "), pairs, bred_ + 1);
}

void Search::race() {
  add_round();
  auto work = race_work(state_.archive, most_retrainings_, not_retrained_);
  if (work.empty()) return select_models();
  phase_ = Phase::retraining;
  ask_for(std::move(work));
}

void Search::select_models() {
  std::vector<CandidateId> pool = state_.parents;
  const auto& models = state_.archive.models();
  // A late fusion has no macro-architecture to pass on.
  for (auto it = models.lower_bound(CandidateId{boundary_.next_candidate}); it != models.end(); ++it)
    if (it->second.genotype.late == LateFusion::none) pool.push_back(it->first);
  if (pool.empty())
    throw RunError(fmt::format("no multimodal model could be evaluated; the last failure: {}", board_.last_failure()));
  const auto count = share_of(pool.size(), settings_.model_survivors, 2);
  state_.parents = surviving_models(state_.archive, std::move(pool), count);
  end_generation();
}

void Search::end_generation() {
  ++state_.generation;
  state_.next_task = board_.next_id();
  parents_after_[state_.generation] = state_.parents;
  mark_boundary();
  phase_ = Phase::backbones;
}

void Search::score_backbones() {
  const MacroArchitecture nothing_fused = macro_of(LateFusion::sum);
  for (const auto& genome : population_.front()) {
    const auto* score = state_.memo.find(0, genome);
    MultimodalGenome model{{genome}, nothing_fused};
    if (score == nullptr || !score->has_value() || state_.archive.knows(model)) continue;
    state_.archive.add({CandidateId{state_.next_candidate++}, generation(), std::move(model), **score,
                        Genotype{{}, {}, LateFusion::sum}, seconds_[genome]});
  }
  seconds_.clear();
  ++bred_;
  breeding_ = false;
  end_generation();
}

void Search::start_tuning() {
  std::vector<Work> work;
  for (const auto id : front()) {
    const auto& model = state_.archive.models().at(id);
    if (model.retrained.empty()) work.push_back(RetrainModel{id, model.genome, model.genotype, /*repeat=*/0});
  }
  phase_ = Phase::retraining;
  ask_for(std::move(work));
}

void Search::end_tuning() {
  add_round();
  start_tests();
}

void Search::add_round() {
  std::vector<Retraining> round;
  for (const auto& [id, retraining] : std::exchange(round_, {})) {
    keep_as_it_was(id);
    round.push_back(retraining);
  }
  state_.archive.add_retrainings(round);
}

std::vector<BackboneGenome> Search::front_backbones() const {
  std::vector<BackboneGenome> genomes;
  if (is_alone())
    for (const auto id : front()) genomes.push_back(state_.archive.models().at(id).genome.backbones.front());
  return genomes;
}

void Search::start_tests() {
  phase_ = Phase::test;
  ask_for(test_work(state_.archive));
}

std::vector<MacroParent> Search::macro_parents() const {
  std::vector<MacroParent> parents;
  for (const auto id : breeding_parents()) parents.push_back({id, state_.archive.models().at(id).genome.macro});
  return parents;
}

}  // namespace harmonic
