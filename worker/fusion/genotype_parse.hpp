#pragma once

#include <string>
#include <vector>

#include "core/space/genotype.hpp"
#include "worker/fusion/architecture.hpp"

namespace harmonic {

/// The discrete architecture that a mixed one stands for. Source: method.md.
/// - Cell i takes the pair j < k of inputs with the largest product of skip weights, among the pairs not both of whose
///   inputs earlier cells took; where none is left, the best pair that no earlier cell took; where none is left, the
///   best.
/// - An inner step keeps its two strongest edges, the stronger first, and its strongest operator.
/// - The last `multiplier` states are joined.
/// Equal weights: the earlier one wins.
/// @param operators names of gamma's columns
/// @throws InputError when there are fewer than two inputs, or fewer states than `multiplier`
[[nodiscard]] Genotype genotype_of(const Architecture& logits, int inputs, const std::vector<std::string>& operators,
                                   int multiplier);

}  // namespace harmonic
