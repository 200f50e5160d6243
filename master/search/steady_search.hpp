#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/work/work.hpp"
#include "master/dispatch/task_board.hpp"
#include "master/models/archive.hpp"
#include "master/models/front.hpp"
#include "master/search/breeding.hpp"
#include "master/search/evolution.hpp"

namespace harmonic {

/// Tier 1 in the steady state: elitist NSGA-II whose offspring is bred one by one, the moment a worker is free, from
/// all answers that are there. No worker waits for another; but what is bred follows from the order in which answers
/// came, which is the journal's. Source: asynchronous steady-state NSGA-II (Nebro and Durillo, 2009).
///
/// So many models as there are pairs in a generation count as one: for each of these every modality's backbones are
/// bred on, beside the pairs, and noise is raced against (race.hpp). A model's generation is the one in which it was
/// answered.
class SteadySearch final : public Evolution {
 public:
  /// @param spaces one a modality, in the run's order
  /// @param state where an earlier job left it; what that knew, but for the work under way
  /// @param most_retrainings of a model, with the one of its search
  SteadySearch(EvolutionSettings settings, Seed seed, std::vector<BackboneSpace> spaces, SearchCosts costs,
               SearchState state = {}, int most_retrainings = 1);

  [[nodiscard]] bool follows_journal() const override { return true; }
  void recall(const Work& work, const Outcome& outcome, double seconds) override;

  [[nodiscard]] std::vector<Task> ask() override;
  [[nodiscard]] std::vector<Task> ask_more(int free) override;
  void tell(const Result& result) override;

  [[nodiscard]] Phase phase() const override { return phase_; }
  [[nodiscard]] int generation() const override;
  [[nodiscard]] const Archive& archive() const override { return state_.archive; }
  [[nodiscard]] int generations_finished() const override;
  [[nodiscard]] SearchState boundary() const override;

 private:
  [[nodiscard]] int pairs() const;     ///< of a generation
  [[nodiscard]] bool is_bred() const;  ///< all models are asked for
  [[nodiscard]] bool knows(const MultimodalGenome& genome) const;
  void learn(const Work& work, const Outcome& outcome, double seconds);
  void begin();
  void select_backbones();
  void select_parents();
  void list_macro_parents();
  void breed_backbones();
  void evaluate_population(std::size_t modality);
  bool breed_pair();
  void race();
  void add_retrainings();
  void start_tests();

  EvolutionSettings settings_;
  Seed seed_;
  std::vector<BackboneSpace> spaces_;
  SearchCosts costs_;
  int most_retrainings_;
  SearchState state_;
  Phase phase_ = Phase::backbones;
  bool begun_ = false;
  bool used_up_ = false;                                 ///< the spaces have no new pair
  std::vector<std::vector<BackboneGenome>> population_;  ///< [modality], of which survivors are selected
  std::vector<std::set<TaskId>> evaluated_;              ///< [modality], tasks that are awaited
  int asked_ = 0, answered_ = 0;                         ///< models with a fusion search of their own
  int backbones_bred_ = 0;                               ///< generations of them
  int raced_ = 0;                                        ///< answers when noise was raced against
  std::vector<MacroParent> macro_parents_;               ///< the parents, as pairs are bred from them
  std::vector<CandidateId> fresh_;                       ///< models since the parents were selected
  std::set<MultimodalGenome> under_way_;
  std::vector<Retraining> retrainings_;  ///< that the archive has not got
  std::set<CandidateId> retraining_;     ///< models that are retrained now
  std::set<CandidateId> not_retrained_;  ///< whose retraining failed
  TaskBoard board_;
  std::uint64_t unlisted_ = 0;  ///< the first task that no ask has listed
};

}  // namespace harmonic
