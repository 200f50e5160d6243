#pragma once

#include <vector>

#include "core/base/rng.hpp"
#include "core/config/search_settings.hpp"
#include "master/models/archive.hpp"
#include "master/models/front.hpp"
#include "master/search/breeding.hpp"
#include "master/search/memo.hpp"

namespace harmonic {

/// Generations of backbones alone that come before a generation's pairs are chosen by a model: a backbone's evaluation
/// costs a thousandth of a pair's search or less.
constexpr int kBackboneRounds = 8;

/// What is known when pairs are chosen.
struct Knowledge {
  const std::vector<BackboneSpace>& spaces;  ///< [modality]
  const SearchCosts& costs;
  const BackboneMemo& memo;
  const Archive& archive;
};

/// Which pairs get a fusion search next by an ErrorModel of all models so far: one after another the one that adds most
/// expected hypervolume to the front for the time that it takes, with what was chosen before counted as it is
/// predicted. Candidates are combinations of each modality's best scored backbones, survivors or not, with every
/// macro-architecture. Of the pairs that evolution deals, every eighth is kept: what the model would not look at, it
/// could not learn from.
/// A function of its arguments alone: the order in which models were scored plays no part.
/// @param dealt by evolution: as many are chosen, fewer where the spaces have hardly anything new left
/// @param parents as pair_up's
[[nodiscard]] std::vector<Pairing> choose_pairs(const std::vector<Pairing>& dealt, const Knowledge& known,
                                                const std::vector<MacroParent>& parents,
                                                const EvolutionSettings& settings, RandomStream& random);

}  // namespace harmonic
