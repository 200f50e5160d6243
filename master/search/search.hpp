#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/work/work.hpp"
#include "master/dispatch/task_board.hpp"
#include "master/models/archive.hpp"
#include "master/models/front.hpp"
#include "master/search/breeding.hpp"
#include "master/search/memo.hpp"

namespace harmonic {

/// Everything that the rest of a search follows from; what a checkpoint holds.
struct SearchState {
  int generation = 0;  ///< generations finished
  std::uint64_t next_task = 1;
  std::uint64_t next_candidate = 1;
  std::vector<std::vector<BackboneGenome>> survivors;  ///< [modality], of the last generation
  std::vector<CandidateId> parents;                    ///< surviving models
  BackboneMemo memo;
  Archive archive;

  bool operator==(const SearchState&) const = default;
};

/// Tier 1: elitist NSGA-II over backbones and their combinations, as questions and answers. Knows no transport, no
/// files and no clock; the order in which answers arrive changes nothing. Source: method.md, tier 1 (arXiv 2309.06612).
///
/// A generation: the population of each modality (survivors and offspring; at first random) is evaluated,
/// rank-and-crowding survival keeps a share of it; survivors are combined across modalities and each combination gets a
/// fusion search, and late fusion as what it has to beat; models that noise leaves undecided about the front are
/// retrained in rounds (race.hpp); parents and new models compete, a share of them (backbone genes, macro-architecture)
/// are the next parents. After the last generation the models that no other dominates, of all ever scored, are tested.
///
/// With choose = model the populations go through some generations alone before pairs are chosen (choose_pairs).
///
/// Of one modality nothing is fused: every backbone that is evaluated is a model (a late sum of one), and tier 1 is all
/// there is. After the last generation the front is fine-tuned, where that is asked for.
///
/// Limits that models have to keep within, where the costs tell of any, come before all objectives in every survival
/// (survivors() of violations), and no pair that must be beyond them is searched while others are left.
class Search {
 public:
  /// @param spaces one a modality, in the run's order
  /// @param pairs_at_once fusion searches of one macro-architecture that travel as one piece of work, at most
  /// @param most_retrainings of a model, with the one of its search
  Search(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs,
         int pairs_at_once = 1, int most_retrainings = 1);
  /// Goes on from a finished generation.
  Search(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs, SearchState state,
         int pairs_at_once = 1, int most_retrainings = 1);

  /// The work whose answers are awaited now, in a fixed order; none when the search is over. Nothing is asked for
  /// twice, but what has not been answered yet is listed again.
  /// @throws RunError when nothing of a kind could be evaluated, so that there is nothing to go on with
  [[nodiscard]] std::vector<Task> ask();
  /// The answer to a task that was asked for. A Failure leaves its genomes unscored; a model whose retraining fails has
  /// those that it had, and gets no more in this generation. Answers to others are ignored.
  void tell(const Result& result);

  enum class Phase { backbones, fusion, retraining, test, over };
  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] int generation() const;  ///< the one that runs, from 1
  [[nodiscard]] const Archive& archive() const { return state_.archive; }
  /// The models that no other ever scored dominates, by id.
  [[nodiscard]] const std::vector<CandidateId>& front() const { return state_.archive.front(); }

  /// Whether there is one modality, so that nothing is fused.
  [[nodiscard]] bool is_alone() const { return spaces_.size() == 1; }
  [[nodiscard]] int generations_finished() const { return boundary_.generation; }
  /// The state as of the last finished generation, without prices. Put together now: O(N) for N models.
  [[nodiscard]] SearchState boundary() const;

 private:
  void advance();
  void start_generation();
  void evaluate_population(std::vector<Work>& work, std::size_t modality) const;
  void select_backbones();
  void race();
  void breed_backbones();
  void pair_backbones();
  void warn_of_few(std::size_t pairs) const;
  void select_models();
  void end_generation();
  void score_backbones();
  void start_tuning();
  void end_tuning();
  void add_round();
  void start_tests();
  [[nodiscard]] RepairBackbone repair_of(int modality) const;
  /// Of one modality, the front's; none of several.
  [[nodiscard]] std::vector<BackboneGenome> front_backbones() const;
  void keep_as_it_was(CandidateId model);
  void mark_boundary();
  void start(Phase phase, std::vector<Work> work);
  [[nodiscard]] std::vector<MacroParent> macro_parents() const;

  EvolutionSettings settings_;
  Seed seed_;
  std::vector<BackboneSpace> spaces_;
  SearchCosts costs_;
  int pairs_at_once_;
  int most_retrainings_;
  SearchState state_;
  SearchState boundary_;  ///< of the last finished generation; its memo and archive are left out
  std::vector<std::pair<int, BackboneGenome>> evaluated_since_;  ///< modality and genome
  std::set<MultimodalGenome> failed_since_;
  std::map<CandidateId, ScoredModel> changed_since_;  ///< as they were; models of `boundary_` that are other now
  std::map<CandidateId, Retraining> round_;           ///< of the race, as far as it is answered
  std::set<CandidateId> not_retrained_;               ///< whose retraining failed in this generation
  Phase phase_ = Phase::over;
  bool started_ = false;
  std::vector<std::vector<BackboneGenome>> population_;  ///< [modality], of the generation that runs
  int backbone_round_ = 0;                               ///< of the generation that runs, from 0
  std::map<BackboneGenome, double> seconds_;             ///< of work, of those evaluated in the generation that runs
  std::map<CandidateId, double> predicted_;              ///< of the generation that runs, percent
  TaskBoard board_;
};

}  // namespace harmonic
