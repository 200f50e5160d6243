#pragma once

#include <vector>

#include "core/base/choices.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// Fusion of whole backbones, without cells: the plainest that could do the job, which a network of cells has to beat.
/// It is what a macro-architecture of 0 cells stands for.
enum class LateFusion {
  none,    ///< a network of cells
  sum,     ///< the backbones' log-probabilities (multilabel: log-odds) added, a temperature each
  logits,  ///< a linear layer on all their logits
  maps,    ///< a linear layer on their last features, pooled as fusion's inputs are
};
inline const Choices<LateFusion> kLateFusions = {
    {"sum", LateFusion::sum}, {"logits", LateFusion::logits}, {"maps", LateFusion::maps}};

/// Of a genome: 0 cells, and `nodes` tells the kind.
[[nodiscard]] MacroArchitecture macro_of(LateFusion late);
/// Inverse of macro_of; none for a network of cells, and for what stands for no kind.
[[nodiscard]] LateFusion late_fusion_of(MacroArchitecture macro);
/// Of one combination of backbones: every kind, in the order of kLateFusions.
[[nodiscard]] std::vector<MultimodalGenome> late_fusions_of(const std::vector<BackboneGenome>& backbones);

}  // namespace harmonic
