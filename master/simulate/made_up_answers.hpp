#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/ids.hpp"
#include "core/work/work.hpp"
#include "master/simulate/simulate_settings.hpp"

namespace harmonic {

/// What simulated workers answer: a function of the work and of the run's seed alone.
///
/// A backbone scores what the sweep of its modality says, or, where there is none, the better the larger it is, with
/// an error of its own. A pair's error is half the geometric mean of its backbones', whatever its macro-architecture;
/// what a fusion search and a retraining give differs from that by normal noise of their own. Operators are drawn.
class MadeUpAnswers {
 public:
  /// @param settings checked @throws InputError: a sweep that cannot be read
  explicit MadeUpAnswers(const SimulateSettings& settings);

  /// @throws InputError: a genome that the sweep lacks
  [[nodiscard]] Outcome answer(const Work& work) const;

 private:
  [[nodiscard]] double backbone_error(std::size_t modality, const BackboneGenome& genome) const;  ///< percent
  [[nodiscard]] double error(const MultimodalGenome& genome) const;                               ///< percent
  [[nodiscard]] double seen_metric(const MultimodalGenome& genome, std::uint64_t repeat) const;   ///< percent
  [[nodiscard]] FusionScore score(const FusionCandidate& candidate) const;
  [[nodiscard]] Genotype genotype(const MultimodalGenome& genome) const;

  SearchSettings settings_;
  std::vector<std::string> files_;  ///< [modality], of sweeps; empty: none
  FusionSettings fusion_;
  Seed seed_;
  double noise_;
  int inputs_ = 0;                                        ///< features that all modalities offer
  std::vector<std::map<BackboneGenome, double>> scored_;  ///< [modality], percent; empty: no sweep
};

}  // namespace harmonic
