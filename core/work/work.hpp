#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/statistics.hpp"
#include "core/data/dataset_file.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"

namespace harmonic {

/// Tier 1: evaluate sub-networks of one modality (recalibrate, measure). Genomes that share a prefix of blocks go
/// together.
struct EvaluateBackbones {
  int modality = 0;
  std::vector<BackboneGenome> genomes;
  Split split = Split::val;  ///< measured on; test for a final report alone

  bool operator==(const EvaluateBackbones&) const = default;
};

/// A multimodal model whose fusion is to be searched for.
struct FusionCandidate {
  CandidateId candidate;
  MultimodalGenome genome;
  /// Architecture parameters (FusionScore::architecture) of a model with the same macro-architecture to start from;
  /// empty: from none. Part of the work, so that its answer still depends on the work alone.
  std::vector<float> start = {};
  int trial = 0;  ///< which of several independent searches for one genome: each has random numbers of its own

  bool operator==(const FusionCandidate&) const = default;
};

/// Tier 2: fusion search on a pair (or more) of backbones, then the discrete network derived, retrained once and
/// validated; for every candidate.
struct SearchFusion {
  /// One or more, of one macro-architecture: they may train in one pass. Or late fusions (LateFusion) of one pair.
  std::vector<FusionCandidate> candidates;

  bool operator==(const SearchFusion&) const = default;
};

/// One more retraining of a model that a fusion search found, from other weights. Its metric counts beside those
/// before; the kept weights stay those of the first.
struct RetrainModel {
  CandidateId candidate;
  MultimodalGenome genome;
  Genotype genotype;
  int repeat = 1;  ///< which retraining; the search's own is 0
  int trial = 0;   ///< of the search (FusionCandidate::trial)

  bool operator==(const RetrainModel&) const = default;
};

/// At the end, for the models of the front only: the kept model's metric on the test split.
struct TestModel {
  CandidateId candidate;
  MultimodalGenome genome;
  Genotype genotype;

  bool operator==(const TestModel&) const = default;
};

using Work = std::variant<EvaluateBackbones, SearchFusion, RetrainModel, TestModel>;

/// What a piece of work counts for: a group's fusion searches, else 1. A group has as many times the deadline.
[[nodiscard]] int parts_of(const Work& work);
/// Whether all that is asked for is late fusion, which takes a second where a search takes minutes.
[[nodiscard]] bool is_late_fusion(const Work& work);
/// "fusion search of models 7 and 9", for people.
[[nodiscard]] std::string describe(const Work& work);

struct Task {
  TaskId id;
  Work work;

  bool operator==(const Task&) const = default;
};

/// Answers, in the order of the work above. Metrics are percent, higher is better.
struct BackboneScores {
  std::vector<double> metric;  ///< one a genome, in the task's order; of the task's split

  bool operator==(const BackboneScores&) const = default;
};
struct FusionScore {
  double metric_val = 0;  ///< of the retrained discrete network; protocol published: of the mixed one
  Genotype genotype;
  std::optional<double> metric_test = {};  ///< protocol published alone: of the mixed network's best epoch on test
  /// Of the mixed network at the end: alphas, then betas, then gammas, cell by cell (Architecture). Empty unless the
  /// run warm-starts.
  std::vector<float> architecture = {};
  /// Of metric_test, percent, where the number of test samples does not tell it: of a weighted F1.
  std::optional<Interval> test_interval = {};

  bool operator==(const FusionScore&) const = default;
};
struct FusionScores {
  std::vector<FusionScore> scores;  ///< one a candidate, in the task's order

  bool operator==(const FusionScores&) const = default;
};
struct RetrainScore {
  double metric_val = 0;

  bool operator==(const RetrainScore&) const = default;
};
struct TestScore {
  double metric_test = 0;
  std::optional<Interval> interval = {};  ///< as FusionScore::test_interval

  bool operator==(const TestScore&) const = default;
};
/// Whose trouble it is that a piece of work could not be done, and so whether another worker is to try it.
enum class FailureKind {
  worker,     ///< of the node: a file it cannot read, its GPU, a full disk, anything unforeseen; tried elsewhere, and a
              ///< few in a row set the worker aside
  candidate,  ///< of this piece of work (CandidateError): reported once another worker says so too, if there is one
  input,      ///< the worker blames the user's input (InputError): tried elsewhere too, for it may be this node alone
              ///< that cannot see a file; what every worker says is the user's fault
};
/// "worker", "candidate", "input"
[[nodiscard]] std::string to_text(FailureKind kind);

/// The work was not done.
struct Failure {
  std::string message;
  FailureKind kind = FailureKind::worker;

  bool operator==(const Failure&) const = default;
};
using Outcome = std::variant<BackboneScores, FusionScores, RetrainScore, TestScore, Failure>;

/// What a worker's meter counted, in J: all that the meter counts, whoever else it is shared with.
struct MeasuredEnergy {
  double work_j = 0;    ///< while the worker did the work
  double waited_j = 0;  ///< since its answer before, or since it was ready

  bool operator==(const MeasuredEnergy&) const = default;
};

struct Result {
  TaskId task;
  Rank worker;
  double seconds = 0;  ///< of work, on the worker
  Outcome outcome;
  std::string host = {};                      ///< the worker's
  std::optional<MeasuredEnergy> energy = {};  ///< nothing where it has no meter

  bool operator==(const Result&) const = default;
};

/// How work under way talks to who asked for it. Called on the thread that computes, as often as is cheap.
struct WorkHooks {
  std::function<void(double share)> progress = [](double) {};  ///< 0 … 1 of the work is done
  std::function<bool()> cancelled = [] { return false; };      ///< nobody wants the answer any more: throw Cancelled
};

/// Thrown by an evaluator that heard `cancelled`.
class Cancelled : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "cancelled"; }
};

/// Does pieces of work: the worker's LibTorch one, or a fake of the tests.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// The answer depends on the work and the run's settings alone.
  /// @throws CandidateError, InputError, anything else: a Failure of that kind (FailureKind)
  /// @throws WorkerError when it can do no more work
  /// @throws Cancelled
  [[nodiscard]] virtual Outcome evaluate(const Work& work, const WorkHooks& hooks) = 0;
};

}  // namespace harmonic
