#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/base/ids.hpp"
#include "core/base/rng.hpp"
#include "core/config/search_settings.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// The genetics of the outer tier: pure functions of their arguments and of the random stream. All genomes that come
/// out are canonical. Source: method.md, tier 1 (arXiv 2309.06612).

/// True for a genome that need not be tried: it was.
using KnownBackbone = std::function<bool(const BackboneGenome&)>;
using KnownModel = std::function<bool(const MultimodalGenome&)>;

/// Makes of a genome one that can be had (GeneChoices::repaired); none: all can.
using RepairBackbone = std::function<BackboneGenome(BackboneGenome, RandomStream&)>;

/// Distinct genomes: the space's smallest and largest, then random ones. Fewer than `count` only where the space has
/// hardly more; one for a space without genes.
[[nodiscard]] std::vector<BackboneGenome> first_population(const BackboneSpace& space, int count, RandomStream& random,
                                                           const RepairBackbone& repair = {});

/// `kept`, filled up to `count` with children of `parents` (crossover, then mutation) that are distinct and not known.
/// Random genomes stand in when there is no parent. Where a `front` is given, every other child is one of its members
/// with one gene changed: what a search of backbones alone, whose front is what it is for, finds most by. Fewer than
/// `count` where the space has hardly anything new left.
[[nodiscard]] std::vector<BackboneGenome> next_population(const BackboneSpace& space, std::vector<BackboneGenome> kept,
                                                          const std::vector<BackboneGenome>& parents,
                                                          const EvolutionSettings& settings, const KnownBackbone& known,
                                                          RandomStream& random, const RepairBackbone& repair = {},
                                                          const std::vector<BackboneGenome>& front = {});

/// Every macro-architecture that may be drawn.
[[nodiscard]] std::vector<MacroArchitecture> all_macros(const MacroOptions& options);
/// The fewest cells and nodes that may be drawn.
[[nodiscard]] MacroArchitecture smallest_macro(const MacroOptions& options);

/// A surviving model, as the macro-architecture of a child sees it.
struct MacroParent {
  CandidateId id;
  MacroArchitecture macro;
};

/// A multimodal model to be tried.
struct Pairing {
  MultimodalGenome genome;
  std::optional<CandidateId> parent;     ///< which has the very macro-architecture that the child got from it
  std::optional<double> predicted = {};  ///< validation metric, percent, where a model of it chose the pair
};

/// Pairs of the first generation that anchor the front's cheap end; beyond the number of pairs where that is left open.
constexpr int kAnchors = 2;

/// How many pairs a generation has that is to have `count`, 0: as many as the modality with the most survivors has, and
/// two more in the first generation.
[[nodiscard]] int pair_count(const std::vector<std::vector<BackboneGenome>>& survivors, int count, bool first);

/// Combinations of the modalities' survivors with a macro-architecture each, pair_count() of them. Every survivor takes
/// part at least once when count allows; a combination that is known gets another macro-architecture, then another
/// partner, and is left out when that does not help. The macro-architecture is crossed from two parents', then mutated;
/// without parents it is drawn. Without parents (the first generation) the lightest survivors come first, with the
/// smallest macro-architecture and the usual one.
[[nodiscard]] std::vector<Pairing> pair_up(const std::vector<std::vector<BackboneGenome>>& survivors, int count,
                                           const std::vector<MacroParent>& parents, const EvolutionSettings& settings,
                                           const KnownModel& known, RandomStream& random);

}  // namespace harmonic
