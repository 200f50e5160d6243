#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/base/rng.hpp"
#include "core/space/genome.hpp"

namespace harmonic::bench {

/// The same ones in every program that measures sub-networks.
inline std::vector<BackboneGenome> random_genomes(const BackboneSpace& space, int count) {
  std::vector<BackboneGenome> genomes;
  for (int i = 0; i < count; ++i) {
    RandomStream random(Seed{1}, "genomes to measure", static_cast<std::uint64_t>(i));
    genomes.push_back(random_genome(space, random));
  }
  return genomes;
}

/// (count, channels, height, width), 0 … 1
inline torch::Tensor random_samples(const BackboneSpace& space, std::int64_t count) {
  return torch::rand({count, space.in_channels, space.resolution, space.resolution});
}

}  // namespace harmonic::bench
