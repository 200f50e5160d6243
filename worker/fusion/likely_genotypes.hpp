#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/space/genotype.hpp"
#include "worker/fusion/architecture.hpp"

namespace harmonic {

/// The discrete architectures that a mixed one may stand for, likeliest first: genotype_of's, and those that differ
/// from it in one or more of
/// - which of a cell's two states is x, the one that is added to its output: the mixed network does not tell them
/// apart;
/// - which of the two states an operator reads is its x, where that makes a difference (FusionOperatorRow::symmetric):
///   likewise;
/// - an operator: as much less likely as its weight is lower.
/// Of equally likely ones that which differs in fewer choices comes first, then that which differs in earlier ones.
/// @param arguments as genotype_of takes them @param count one or more
/// @return `count` distinct ones at most
[[nodiscard]] std::vector<Genotype> likely_genotypes(const Architecture& logits, std::span<const int> modalities,
                                                     const std::vector<std::string>& operators, int joined,
                                                     std::size_t count);

}  // namespace harmonic
