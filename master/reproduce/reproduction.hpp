#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/statistics.hpp"
#include "core/data/published_tables.hpp"
#include "core/work/work.hpp"
#include "master/dispatch/task_board.hpp"
#include "master/models/archive.hpp"

namespace harmonic {

/// A published row as this run works on it.
struct ReproducedRow {
  PublishedRow published;
  MultimodalGenome genome;       ///< in the run's modality order
  std::vector<double> unimodal;  ///< published metric of each backbone alone, percent, in the run's order
};

/// What is asked for to reproduce rows of a published table, and what came of it. Like Search: knows no transport, no
/// files and no clock; the order in which answers arrive changes nothing.
///
/// At first every distinct backbone alone, on the test split, late fusion of every row's backbones, which is what their
/// search has to beat, and `seeds` independent fusion searches a row; then as many retrainings of every found model as
/// there are to be, whatever they say: they tell how far its validation metric is luck. Then, when `test` is wanted,
/// the metric of every model on the test split. Nothing is chosen by what test says.
class Reproduction {
 public:
  static constexpr int kMostSeeds = 96;  ///< models are numbered 100 * row + seed, late fusions beyond

  /// @param test false where the fusion search itself reports the test metric (protocol "published")
  /// @param pairs_at_once fusion searches of a row that travel as one piece of work, at most: filled one after another,
  ///   so that with more seeds only the last, unfilled one is other work
  /// @param prices of the found models; none: they have no costs, and no front
  /// @param retrainings of every found model, with the one of its search
  /// @param late_fusion whether that is asked for, too
  /// @param first_seed the searches are first_seed, first_seed + 1, …; what one of them finds depends on its number
  /// alone
  ///   (and on those that it travels with)
  Reproduction(std::vector<ReproducedRow> rows, int seeds, bool test, int pairs_at_once = 1,
               Archive::Prices prices = {}, int retrainings = 1, bool late_fusion = false, int first_seed = 1);

  /// The work whose answers are awaited now, in a fixed order; none when it is over.
  /// @throws RunError when no fusion search came to an end
  [[nodiscard]] std::vector<Task> ask();
  /// The answer to a task that was asked for. A Failure leaves its part without a result. Answers to others are
  /// ignored.
  void tell(const Result& result);

  [[nodiscard]] const std::vector<ReproducedRow>& rows() const { return rows_; }
  /// Every model found so far; its id is model_id, its generation 1.
  [[nodiscard]] const Archive& archive() const { return archive_; }
  [[nodiscard]] static CandidateId model_id(int row, int seed);  ///< 100 * row + seed; both from 1
  [[nodiscard]] static CandidateId model_id(int row, LateFusion late);
  /// Late fusion of a row's backbones; null when it is not known (yet).
  [[nodiscard]] const ScoredModel* late_fusion(const ReproducedRow& row, LateFusion late) const;
  /// The found models of a row, by seed, ascending.
  [[nodiscard]] std::vector<std::pair<int, const ScoredModel*>> models(const ReproducedRow& row) const;
  /// Measured metric (test, percent) of a row's backbone alone; nothing when it is not known (yet).
  [[nodiscard]] std::optional<double> unimodal_metric(const ReproducedRow& row, std::size_t modality) const;
  /// Measured metric (test, percent) of a found model: of its discrete network, or what the search itself reported.
  [[nodiscard]] std::optional<double> metric(const ScoredModel& model) const;
  /// 95 % interval that the number of test samples gives that metric, where it alone does not tell it: of a weighted
  /// F1.
  [[nodiscard]] std::optional<Interval> test_interval(const ScoredModel& model) const;

 private:
  enum class Phase { idle, searches, retrainings, tests, over };
  void start_searches();
  void start_retrainings();
  void end_retrainings();
  void start_tests();
  void keep_interval(CandidateId model, const std::optional<Interval>& interval);

  std::vector<ReproducedRow> rows_;
  int first_seed_, last_seed_;
  bool test_, late_fusion_;
  int pairs_at_once_;
  int retrainings_;
  Phase phase_ = Phase::idle;
  TaskBoard board_;
  std::map<std::pair<int, BackboneGenome>, double> unimodal_;    ///< by modality and genome
  std::map<std::pair<CandidateId, int>, Retraining> retrained_;  ///< by model and repeat, until all are answered
  std::map<CandidateId, Interval> test_intervals_;
  Archive archive_;
};

}  // namespace harmonic
