#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <unordered_set>
#include <vector>

#include "core/base/hash.hpp"
#include "core/base/ids.hpp"
#include "core/hardware/model_pricing.hpp"
#include "core/pareto/fronts.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"

namespace harmonic {

/// A multimodal model that was searched for, retrained and scored.
struct ScoredModel {
  CandidateId id;
  int generation = 0;       ///< in which it was asked for, from 1
  MultimodalGenome genome;  ///< canonical
  double metric_val = 0;    ///< of the discrete network, percent: the mean of its retrainings, where there are any
  Genotype genotype;
  double seconds = 0;                      ///< of work, on its worker
  std::optional<double> metric_test = {};  ///< percent; read for the final front only, or as the protocol says
  std::vector<float> architecture = {};    ///< FusionScore::architecture
  /// Validation metrics of its retrainings, percent, by repeat. None where the protocol retrains nothing.
  std::vector<double> retrained = {};
  std::optional<double> predicted = {};  ///< metric_val when it was chosen, percent, where a model of it chose

  // What follows from genome and genotype: filled in by an archive that has prices, and not compared.
  ModelCosts costs = {};
  Objectives objectives = {};  ///< {100 - metric_val, costs.objectives…}

  bool operator==(const ScoredModel& other) const {
    const auto told = [](const ScoredModel& m) {
      return std::tie(m.id, m.generation, m.genome, m.metric_val, m.genotype, m.seconds, m.metric_test, m.architecture,
                      m.retrained, m.predicted);
    };
    return told(*this) == told(other);
  }
};

/// Whether `a` is better than `b` in all that counts: by dominance among models that keep within the run's limits, and
/// otherwise as dominates() of violations has it. Both are priced.
[[nodiscard]] bool beats(const ScoredModel& a, const ScoredModel& b);

/// One more retraining of a model.
struct Retraining {
  CandidateId model;
  double metric_val = 0;  ///< percent
  double seconds = 0;     ///< of work
};

/// Genomes that were seen, by their Hash128.
class KnownGenomes {
 public:
  void insert(const MultimodalGenome& genome) { keys_.insert(key_of(genome)); }
  [[nodiscard]] bool contains(const MultimodalGenome& genome) const { return keys_.contains(key_of(genome)); }

 private:
  static Hash128 key_of(const MultimodalGenome& genome);

  std::unordered_set<Hash128> keys_;
};

/// Every model ever scored, by id, with its costs; those that no other dominates; and the genomes whose search failed,
/// which are not tried again. Adding a model takes a time that grows with the front, not with the archive.
class Archive {
 public:
  using Models = std::map<CandidateId, ScoredModel>;
  using Prices = std::function<ModelCosts(const MultimodalGenome&, const Genotype&)>;

  /// What models cost: of those in the archive and of those to come. Without prices no model has objectives, and the
  /// front is empty. O(N) for N models, and the size of the front.
  void price_with(Prices prices);
  void add(ScoredModel model);
  /// Each counts beside those that its model has, in the order given: the model's metric is their mean, and front and
  /// all follow. O(N) for N models where members of the front are among them.
  void add_retrainings(std::span<const Retraining> retrainings);
  void add_failed(const MultimodalGenome& genome) {
    known_.insert(genome);
    failed_.insert(genome);
  }
  void set_metric_test(CandidateId id, double percent) { models_.at(id).metric_test = percent; }

  [[nodiscard]] const Models& models() const { return models_; }
  [[nodiscard]] std::size_t searched() const { return searched_; }  ///< models that are no late fusion
  [[nodiscard]] const std::set<MultimodalGenome>& failed() const { return failed_; }
  /// True for a (canonical) genome that was scored or failed.
  [[nodiscard]] bool knows(const MultimodalGenome& genome) const { return known_.contains(genome); }
  /// Those with two retrainings or more, which tell how noisy one is.
  [[nodiscard]] const std::set<CandidateId>& retrained_again() const { return retrained_again_; }
  /// The models that no other beats, by id: where none keeps within the limits, those that are beyond them by least.
  [[nodiscard]] const std::vector<CandidateId>& front() const { return front_; }
  /// The highest validation metric; 0 without models or prices.
  [[nodiscard]] double best_metric() const;
  /// Hypervolume of the front below `reference`; 0 without models within the limits.
  [[nodiscard]] double hypervolume(const Objectives& reference) const;

  bool operator==(const Archive& other) const { return models_ == other.models_ && failed_ == other.failed_; }

 private:
  void price(ScoredModel& model) const;
  void note_retrainings(const ScoredModel& model);
  void enter_front(const ScoredModel& model);

  Prices prices_;
  Models models_;
  std::size_t searched_ = 0;
  std::set<MultimodalGenome> failed_;
  KnownGenomes known_;
  std::set<CandidateId> retrained_again_;
  std::vector<CandidateId> front_;  ///< ascending
};

}  // namespace harmonic
