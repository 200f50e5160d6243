#pragma once

#include "core/space/search_space.hpp"
#include "worker/group/collectives.hpp"

namespace harmonic::bench {

/// Prints on rank 0 what a step of supernet training takes, and the share of it that ranks wait for all-reduces: means
/// over steps and ranks, with the default settings but for those given. Drawn samples: no time depends on their values.
/// All ranks of `group` call it together.
/// @param batch over all ranks
/// @param threads compute threads of a rank
void measure_training(const BackboneSpace& space, int batch, int steps, int threads, Collectives& group);

}  // namespace harmonic::bench
