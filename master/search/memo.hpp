#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/space/genome.hpp"

namespace harmonic {

/// What backbones scored, so that none is evaluated twice. Keys are canonical genomes, one map a modality.
class BackboneMemo {
 public:
  /// Nothing inside: the evaluation failed, and is not tried again.
  using Score = std::optional<double>;  ///< validation metric, percent

  [[nodiscard]] bool contains(int modality, const BackboneGenome& genome) const {
    return find(modality, genome) != nullptr;
  }
  /// Null when the backbone was never evaluated.
  [[nodiscard]] const Score* find(int modality, const BackboneGenome& genome) const {
    const auto of = scores_.find(modality);
    if (of == scores_.end()) return nullptr;
    const auto it = of->second.find(canonical(genome));
    return it == of->second.end() ? nullptr : &it->second;
  }
  void add(int modality, const BackboneGenome& genome, Score score) {
    scores_[modality].insert_or_assign(canonical(genome), score);
  }
  void remove(int modality, const BackboneGenome& genome) {
    const auto of = scores_.find(modality);
    if (of == scores_.end()) return;
    of->second.erase(canonical(genome));
    if (of->second.empty()) scores_.erase(of);
  }

  [[nodiscard]] const std::map<int, std::map<BackboneGenome, Score>>& scores() const { return scores_; }
  bool operator==(const BackboneMemo&) const = default;

 private:
  std::map<int, std::map<BackboneGenome, Score>> scores_;  ///< by modality
};

}  // namespace harmonic
