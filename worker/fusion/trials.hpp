#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/space/genotype.hpp"
#include "worker/fusion/fusion_hooks.hpp"
#include "worker/fusion/samples.hpp"

namespace harmonic {

/// A genotype that was tried: trained for a few epochs.
struct Trial {
  Genotype genotype;
  int epochs = 0;
  double metric_val = 0;  ///< percent, at its best epoch
  double loss_val = 0;    ///< of that epoch, which decides; infinite where the training diverged
};

/// Which of several genotypes goes on, by successive halving: all are trained from scratch for a few epochs, the better
/// half by validation loss for twice as many, and so on, until one is left.
/// @param genotypes one or more @param seed of their weights and batches, the same for all
/// @return every training, round by round, the better ones later; none for a single genotype, else the last one's goes
/// on
/// @throws NotFinite when every training of a round diverges; Cancelled
[[nodiscard]] std::vector<Trial> try_genotypes(const FusionSamples& samples, std::span<const Genotype> genotypes,
                                               const FusionSettings& settings, std::uint64_t seed,
                                               const FusionHooks& hooks = {});

}  // namespace harmonic
