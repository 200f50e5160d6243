#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/space/genotype.hpp"
#include "worker/fusion/architecture.hpp"

namespace harmonic {

/// The discrete architecture that a mixed one stands for. Nothing is in it that the output does not read.
/// - Every cell reads two states, inputs or earlier cells, as choose_cell_inputs chooses them by the skip weights:
///   every cell is read, no two read the same, and every modality reaches the output, or as many as can.
/// - An inner step keeps its two strongest edges, the stronger first (of a symmetric operator, for which it makes no
///   difference, the earlier state first), and its strongest operator. One that the cell's
///   last step does not depend on is left out, so that a cell may have fewer steps than the mixed one.
/// - The last `joined` cells are joined, and no input.
/// Equal weights: the earlier one wins.
/// @param modalities [modality] how many of the inputs are its own, one modality after another
/// @param operators names of gamma's columns
/// @param joined 1 … cells
/// @throws InputError when there are fewer than two inputs
[[nodiscard]] Genotype genotype_of(const Architecture& logits, std::span<const int> modalities,
                                   const std::vector<std::string>& operators, int joined);

/// The same by the published rule. Source: method.md.
/// - Cell i takes the pair j < k of inputs with the largest product of skip weights, among the pairs not both of whose
///   inputs earlier cells took; where none is left, the best pair that no earlier cell took; where none is left, the
///   best. Cells may be read by none, and a modality by none.
/// - Inner steps as above, the stronger edge always first, and all of them.
/// - The last `multiplier` states are joined, inputs where there are fewer cells.
/// @throws InputError when there are fewer than two inputs, or fewer states than `multiplier`
[[nodiscard]] Genotype published_genotype(const Architecture& logits, int inputs,
                                          const std::vector<std::string>& operators, int multiplier);

}  // namespace harmonic
