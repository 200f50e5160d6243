#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/base/ids.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"

namespace harmonic {

/// A multimodal model that was searched for, retrained and scored.
struct ScoredModel {
  CandidateId id;
  int generation = 0;       ///< in which it was asked for, from 1
  MultimodalGenome genome;  ///< canonical
  double metric_val = 0;    ///< of the retrained discrete network, percent
  Genotype genotype;
  double seconds = 0;                 ///< of work, on its worker
  std::optional<double> metric_test;  ///< percent; read for the final front only, or as the protocol says
  std::vector<float> architecture;    ///< FusionScore::architecture

  bool operator==(const ScoredModel&) const = default;
};

/// Every model ever scored, by id; and the genomes whose search failed, which are not tried again.
class Archive {
 public:
  using Models = std::map<CandidateId, ScoredModel>;

  void add(ScoredModel model) {
    known_.insert(model.genome);
    models_.insert_or_assign(model.id, std::move(model));
  }
  void add_failed(const MultimodalGenome& genome) {
    known_.insert(genome);
    failed_.insert(genome);
  }
  void set_metric_test(CandidateId id, double percent) { models_.at(id).metric_test = percent; }

  [[nodiscard]] const Models& models() const { return models_; }
  [[nodiscard]] const std::set<MultimodalGenome>& failed() const { return failed_; }
  /// True for a (canonical) genome that was scored or failed.
  [[nodiscard]] bool knows(const MultimodalGenome& genome) const { return known_.contains(genome); }

  bool operator==(const Archive&) const = default;

 private:
  Models models_;
  std::set<MultimodalGenome> failed_;
  std::set<MultimodalGenome> known_;
};

}  // namespace harmonic
