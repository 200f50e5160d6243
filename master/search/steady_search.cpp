#include "master/search/steady_search.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/overloaded.hpp"
#include "master/models/scored_models.hpp"
#include "master/search/backbone_selection.hpp"
#include "master/search/feasible_pairs.hpp"
#include "master/search/late_fusions.hpp"
#include "master/search/model_work.hpp"

namespace harmonic {
namespace {

constexpr double kMostKept = 0.9;  // of the models, as parents: all would be ever more
constexpr int kSelections = 8;     // of parents in as many answers as a generation has

bool is_search(const Work& work) {
  return std::holds_alternative<SearchFusion>(work) && !is_late_fusion(work);
}

}  // namespace

SteadySearch::SteadySearch(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs,
                           SearchState state, int most_retrainings)
    : settings_(std::move(settings)),
      seed_(seed),
      spaces_(std::move(spaces)),
      costs_(std::move(costs)),
      most_retrainings_(most_retrainings),
      state_(std::move(state)),
      population_(spaces_.size()),
      evaluated_(spaces_.size()),
      board_(state_.next_task) {
  state_.archive.price_with(costs_.model);
  state_.survivors.resize(spaces_.size());
  for (const auto& [id, model] : state_.archive.models()) answered_ += model.genome.macro.cells > 0 ? 1 : 0;
  for (const auto& genome : state_.archive.failed()) answered_ += genome.macro.cells > 0 ? 1 : 0;
}

int SteadySearch::pairs() const {
  return settings_.pairs_a_generation();
}

bool SteadySearch::is_bred() const {
  return used_up_ || asked_ >= pairs() * settings_.generations;
}

bool SteadySearch::knows(const MultimodalGenome& genome) const {
  return state_.archive.knows(genome) || under_way_.contains(genome);
}

int SteadySearch::generation() const {
  return std::min(answered_ / pairs() + 1, settings_.generations);
}

int SteadySearch::generations_finished() const {
  return std::min(answered_ / pairs(), settings_.generations);
}

SearchState SteadySearch::boundary() const {
  SearchState state = state_;
  state.generation = generations_finished();
  state.next_task = board_.next_id();
  return state;
}

void SteadySearch::recall(const Work& work, const Outcome& outcome, double seconds) {
  if (const auto* search = std::get_if<SearchFusion>(&work)) {
    const auto last = search->candidates.back().candidate;
    const bool failed = std::holds_alternative<Failure>(outcome);
    if (state_.archive.models().contains(last) ||
        (failed && state_.archive.failed().contains(search->candidates.front().genome)))
      return;  // the checkpoint had it
    state_.next_candidate = std::max(state_.next_candidate, last.value + 1);
  }
  if (const auto* retraining = std::get_if<RetrainModel>(&work)) {
    const auto model = state_.archive.models().find(retraining->candidate);
    if (model == state_.archive.models().end() ||
        static_cast<std::size_t>(retraining->repeat) < model->second.retrained.size())
      return;
  }
  learn(work, outcome, seconds);
}

void SteadySearch::learn(const Work& work, const Outcome& outcome, double seconds) {
  std::visit(Overloaded{[&](const EvaluateBackbones& w) {
                          const auto* scores = std::get_if<BackboneScores>(&outcome);
                          for (std::size_t i = 0; i < w.genomes.size(); ++i)
                            state_.memo.add(w.modality, w.genomes[i],
                                            scores ? BackboneMemo::Score(scores->metric.at(i)) : std::nullopt);
                        },
                        [&](const SearchFusion& w) {
                          auto models = scored_models(w, {{}, {}, seconds, outcome}, generation());
                          if (models.empty()) state_.archive.add_failed(w.candidates.at(0).genome);
                          for (const auto& candidate : w.candidates) under_way_.erase(candidate.genome);
                          if (is_search(w)) answered_ += static_cast<int>(w.candidates.size());
                          for (auto& model : models) {
                            if (model.genotype.late == LateFusion::none) fresh_.push_back(model.id);
                            state_.archive.add(std::move(model));
                          }
                        },
                        [&](const RetrainModel& w) {
                          retraining_.erase(w.candidate);
                          if (const auto* score = std::get_if<RetrainScore>(&outcome)) {
                            retrainings_.push_back({w.candidate, score->metric_val, seconds});
                          } else {
                            not_retrained_.insert(w.candidate);
                          }
                        },
                        [&](const TestModel& w) {
                          if (const auto* score = std::get_if<TestScore>(&outcome))
                            state_.archive.set_metric_test(w.candidate, score->metric_test);
                        }},
             work);
}

void SteadySearch::tell(const Result& result) {
  for (auto& tasks : evaluated_) tasks.erase(result.task);
  const auto next = board_.next_id();
  const auto work = board_.take(result);
  for (const auto& [id, part] : board_.tasks_from(next))  // a group that failed: each is tried alone
    if (const auto* group = std::get_if<EvaluateBackbones>(&part))
      evaluated_.at(static_cast<std::size_t>(group->modality)).insert(id);
  if (work) learn(*work, result.outcome, result.seconds);
}

std::vector<Task> SteadySearch::ask() {
  begin();
  if (board_.empty() && !is_bred())
    if (auto tasks = ask_more(1); !tasks.empty()) return tasks;
  if (board_.empty() && is_bred()) {
    race();
    if (board_.empty() && phase_ == Phase::test) phase_ = Phase::over;
    if (board_.empty() && phase_ != Phase::over) start_tests();
    if (board_.empty()) phase_ = Phase::over;
  }
  unlisted_ = board_.next_id();
  return board_.tasks();
}

std::vector<Task> SteadySearch::ask_more(int free) {
  begin();
  if (phase_ == Phase::test || phase_ == Phase::over) return {};
  select_backbones();
  if (answered_ - raced_ >= pairs()) race();
  const int listed = static_cast<int>(board_.count_from(unlisted_));
  const bool paired = std::ranges::all_of(state_.survivors, [](const auto& s) { return !s.empty(); });
  for (int wanted = free - listed; paired && wanted > 0 && !is_bred(); --wanted) {
    if (asked_ >= backbones_bred_ * pairs()) breed_backbones();
    if (!breed_pair()) break;
  }
  return board_.tasks_from(std::exchange(unlisted_, board_.next_id()));
}

void SteadySearch::begin() {
  if (std::exchange(begun_, true)) return;
  asked_ = answered_;
  backbones_bred_ = 1 + answered_ / pairs();
  raced_ = answered_;
  list_macro_parents();
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    const auto& scores = state_.memo.scores();
    if (const auto known = scores.find(static_cast<int>(m)); known != scores.end()) {
      for (const auto& [genome, score] : known->second) population_[m].push_back(genome);
    } else {
      RandomStream random(seed_, "population", 0, m);
      population_[m] =
          first_population(spaces_[m], settings_.population, random, repair_of(costs_, static_cast<int>(m)));
    }
    evaluate_population(m);
  }
  select_backbones();
}

void SteadySearch::select_backbones() {
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    if (population_[m].empty() || !evaluated_[m].empty()) continue;
    state_.survivors[m] = backbone_survivors(population_[m], static_cast<int>(m), state_.memo, costs_, settings_);
    population_[m].clear();
    if (state_.survivors[m].empty())
      throw RunError(fmt::format("no backbone of space {} could be evaluated; the last failure: {}", spaces_[m].name,
                                 board_.last_failure()));
    phase_ = Phase::fusion;
  }
}

/// As many parents as whole generations would have in the long run: the share that is kept of them and of the new.
void SteadySearch::select_parents() {
  const double kept = std::min(settings_.model_survivors, kMostKept);
  const auto wanted = static_cast<std::size_t>(std::max(2.0, std::ceil(kept / (1 - kept) * pairs())));
  add_retrainings();
  std::vector<CandidateId> pool = state_.parents;
  pool.insert(pool.end(), fresh_.begin(), fresh_.end());
  fresh_.clear();
  state_.parents = surviving_models(state_.archive, std::move(pool), wanted);
  list_macro_parents();
}

void SteadySearch::list_macro_parents() {
  macro_parents_.clear();
  for (const auto id : state_.parents) macro_parents_.push_back({id, state_.archive.models().at(id).genome.macro});
}

void SteadySearch::breed_backbones() {
  const auto generation = static_cast<std::uint64_t>(backbones_bred_++);
  for (std::size_t m = 0; m < spaces_.size(); ++m) {
    if (!evaluated_[m].empty()) continue;  // of the one before
    const int modality = static_cast<int>(m);
    RandomStream random(seed_, "population", generation, m);
    std::vector<BackboneGenome> parents;
    for (const auto id : state_.parents) parents.push_back(state_.archive.models().at(id).genome.backbones[m]);
    if (parents.empty()) parents = state_.survivors[m];
    const auto known = [&](const BackboneGenome& genome) { return state_.memo.contains(modality, genome); };
    population_[m] = next_population(spaces_[m], state_.survivors[m], parents, settings_, known, random,
                                     repair_of(costs_, modality));
    evaluate_population(m);
  }
}

void SteadySearch::evaluate_population(std::size_t modality) {
  for (auto& group : unscored_groups(population_[modality], static_cast<int>(modality), state_.memo)) {
    evaluated_[modality].insert(TaskId{board_.next_id()});
    board_.add(std::move(group));
  }
}

bool SteadySearch::breed_pair() {
  if (static_cast<int>(fresh_.size()) >= std::max(1, pairs() / kSelections)) select_parents();
  RandomStream random(seed_, "offspring", state_.next_candidate);
  const auto known = [&](const MultimodalGenome& genome) { return knows(genome); };
  auto bred = pair_within_limits(state_.survivors, 1, macro_parents_, settings_, known, costs_.model_violation, random);
  if (bred.empty()) {
    const bool more_to_come = std::ranges::any_of(evaluated_, [](const auto& tasks) { return !tasks.empty(); });
    if (!more_to_come) {
      log::warning("the spaces give no new pair after {} of {}: the search ends with what it has", asked_,
                   pairs() * settings_.generations);
      used_up_ = true;
    }
    return false;
  }
  ++asked_;
  FusionCandidate candidate{CandidateId{state_.next_candidate++}, std::move(bred.front().genome)};
  if (bred.front().parent) candidate.start = state_.archive.models().at(*bred.front().parent).architecture;
  under_way_.insert(candidate.genome);
  const auto not_to_score = [&](const MultimodalGenome& genome) {
    return knows(genome) || costs_.model_violation(genome) > 0;
  };
  if (settings_.late_fusion)
    for (auto& late : late_fusions({candidate}, not_to_score)) {
      for (auto& of_pair : late.candidates) {
        of_pair.candidate = CandidateId{state_.next_candidate++};
        under_way_.insert(of_pair.genome);
      }
      board_.add(std::move(late));
    }
  board_.add(SearchFusion{{std::move(candidate)}});
  return true;
}

void SteadySearch::add_retrainings() {
  if (!retrainings_.empty()) state_.archive.add_retrainings(std::exchange(retrainings_, {}));
}

void SteadySearch::race() {
  raced_ = answered_;
  add_retrainings();
  auto left_out = not_retrained_;
  left_out.insert(retraining_.begin(), retraining_.end());
  for (auto& work : race_work(state_.archive, most_retrainings_, left_out)) {
    retraining_.insert(std::get<RetrainModel>(work).candidate);
    board_.add(std::move(work));
  }
}

void SteadySearch::start_tests() {
  if (state_.archive.models().empty())
    throw RunError(fmt::format("no multimodal model could be evaluated; the last failure: {}", board_.last_failure()));
  phase_ = Phase::test;
  for (auto& work : test_work(state_.archive)) board_.add(std::move(work));
}

}  // namespace harmonic
