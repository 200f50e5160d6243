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
#include "master/search/evolution.hpp"
#include "master/search/memo.hpp"

namespace harmonic {

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
///
/// With an overlap a generation is bred while so many before it are still under way, from the parents that there were
/// before those: its population and its pairs follow from finished generations and from what was asked for, and its
/// answers wait until the generations before it are finished. So they depend on no order of answers either.
class Search final : public Evolution {
 public:
  /// @param spaces one a modality, in the run's order
  /// @param pairs_at_once fusion searches of one macro-architecture that travel as one piece of work, at most
  /// @param most_retrainings of a model, with the one of its search
  Search(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs,
         int pairs_at_once = 1, int most_retrainings = 1);
  /// Goes on from a finished generation.
  Search(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs, SearchState state,
         int pairs_at_once = 1, int most_retrainings = 1);

  [[nodiscard]] std::vector<Task> ask() override;
  [[nodiscard]] std::vector<Task> ask_more(int free) override;
  void tell(const Result& result) override;

  [[nodiscard]] Phase phase() const override { return phase_; }
  [[nodiscard]] int generation() const override;
  [[nodiscard]] const Archive& archive() const override { return state_.archive; }
  [[nodiscard]] bool is_alone() const override { return spaces_.size() == 1; }
  [[nodiscard]] int generations_finished() const override { return boundary_.generation; }
  [[nodiscard]] SearchState boundary() const override;

 private:
  enum class Tests { yes, not_yet };
  /// A generation whose pairs are asked for, and that is not finished.
  struct Paired {
    std::vector<std::vector<BackboneGenome>> survivors;  ///< [modality], of its populations
    std::uint64_t next_candidate = 0;                    ///< after its own
    std::set<MultimodalGenome> genomes;                  ///< that it asks for
  };
  struct Early {
    SearchFusion work;
    Result result;
  };

  bool advance(Tests tests);
  bool advance_breeding();
  bool judge(Tests tests);
  void take(const SearchFusion& work, const Result& result);
  void begin_to_judge();
  [[nodiscard]] bool is_of_judged(const SearchFusion& work) const;
  [[nodiscard]] bool knows(const MultimodalGenome& genome) const;
  [[nodiscard]] const std::vector<CandidateId>& breeding_parents() const;
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
  /// Of one modality, the front's; none of several.
  [[nodiscard]] std::vector<BackboneGenome> front_backbones() const;
  void keep_as_it_was(CandidateId model);
  void mark_boundary();
  void ask_for(std::vector<Work> work);
  [[nodiscard]] std::vector<MacroParent> macro_parents() const;

  EvolutionSettings settings_;
  Seed seed_;
  std::vector<BackboneSpace> spaces_;
  SearchCosts costs_;
  int pairs_at_once_;
  int most_retrainings_;
  SearchState state_;
  SearchState boundary_;  ///< of the last finished generation; its memo and archive are left out
  struct Evaluated {
    int generation = 0;  ///< from 0
    int modality = 0;
    BackboneGenome genome;
  };
  std::vector<Evaluated> evaluated_since_;
  std::set<MultimodalGenome> failed_since_;
  std::map<CandidateId, ScoredModel> changed_since_;  ///< as they were; models of `boundary_` that are other now
  std::map<CandidateId, Retraining> round_;           ///< of the race, as far as it is answered
  std::set<CandidateId> not_retrained_;               ///< whose retraining failed in this generation
  Phase phase_ = Phase::backbones;                    ///< of the generation that is judged next
  /// Of finished generations, by their number: whose parents breed. Those of 0 are none.
  std::map<int, std::vector<CandidateId>> parents_after_;
  std::map<int, Paired> paired_;  ///< by generation, from 0
  std::vector<Early> early_;      ///< answers of generations that are not judged yet
  int bred_ = 0;                  ///< generations whose pairs are asked for; the one that is bred now, from 0
  bool breeding_ = false;         ///< its backbones are asked for
  std::vector<std::vector<BackboneGenome>> population_;  ///< [modality], of the generation that is bred
  int backbone_round_ = 0;                               ///< of that generation, from 0
  std::map<BackboneGenome, double> seconds_;             ///< of work, of those evaluated in the generation that runs
  std::map<CandidateId, double> predicted_;              ///< of the generation that runs, percent
  TaskBoard board_;
  std::uint64_t unlisted_ = 0;  ///< the first task that no ask has listed
};

}  // namespace harmonic
