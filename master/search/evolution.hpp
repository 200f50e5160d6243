#pragma once

#include <cstdint>
#include <vector>

#include "core/space/genome.hpp"
#include "core/work/work.hpp"
#include "master/models/archive.hpp"
#include "master/search/memo.hpp"

namespace harmonic {

/// Everything that the rest of a search follows from; what a checkpoint holds.
struct SearchState {
  int generation = 0;  ///< generations finished
  std::uint64_t next_task = 1;
  std::uint64_t next_candidate = 1;
  std::vector<std::vector<BackboneGenome>> survivors;  ///< [modality], of the last generation
  std::vector<CandidateId> parents;                    ///< surviving models
  /// Those of the generations before it, the latest first: of as many as may overlap.
  std::vector<std::vector<CandidateId>> earlier_parents = {};
  BackboneMemo memo;
  Archive archive;

  bool operator==(const SearchState&) const = default;
};

/// The outer tier as questions and answers, however it breeds (Schedule). Knows no transport, no files and no clock.
class Evolution {
 public:
  virtual ~Evolution() = default;

  /// The work whose answers are awaited now, in a fixed order; none when the search is over. Nothing is asked for
  /// twice, but what has not been answered yet is listed again.
  /// @throws RunError when nothing of a kind could be evaluated, so that there is nothing to go on with
  [[nodiscard]] virtual std::vector<Task> ask() = 0;
  /// Of the work that is awaited now what no call has listed before, for so many workers that have none. Not the tests
  /// at the end. @throws RunError as ask
  [[nodiscard]] virtual std::vector<Task> ask_more(int free) = 0;
  /// The answer to a task that was asked for. A Failure leaves its genomes unscored; a model whose retraining fails has
  /// those that it had, and gets no more in this generation. Answers to others are ignored.
  virtual void tell(const Result& result) = 0;

  enum class Phase { backbones, fusion, retraining, test, over };
  [[nodiscard]] virtual Phase phase() const = 0;
  [[nodiscard]] virtual int generation() const = 0;  ///< the one that runs, from 1
  [[nodiscard]] virtual const Archive& archive() const = 0;
  /// The models that no other ever scored dominates, by id.
  [[nodiscard]] const std::vector<CandidateId>& front() const { return archive().front(); }

  /// Whether there is one modality, so that nothing is fused.
  [[nodiscard]] virtual bool is_alone() const { return false; }
  /// Whether a search that goes on follows from its journal, record by record, beside its state.
  [[nodiscard]] virtual bool follows_journal() const { return false; }
  /// Finished work of an earlier job, in the order in which it was; before the first ask.
  virtual void recall(const Work& /*work*/, const Outcome& /*outcome*/, double /*seconds*/) {}

  [[nodiscard]] virtual int generations_finished() const = 0;
  /// The state as of the last finished generation, without prices. Put together now: O(N) for N models.
  [[nodiscard]] virtual SearchState boundary() const = 0;
};

}  // namespace harmonic
