#pragma once

#include <torch/types.h>

#include "core/config/pairs_at_once.hpp"
#include "core/data/dataset_file.hpp"

namespace harmonic {

/// What a step of the weights of one pair's fusion search asks of a GPU, at the most: of the largest backbones and the
/// largest macro-architecture.
struct PairLoad {
  double bytes = 0;          ///< the pair's samples, and what the step keeps for its gradients
  double multiply_adds = 0;  ///< of the products in it, forward and backward
  double kernels = 0;        ///< that it starts, however many pairs train together
};
/// @param settings fitted to the data (fitted_settings) @throws InputError
[[nodiscard]] PairLoad pair_load(const SearchSettings& settings, const DatasetInfo& data);

/// What a GPU has to offer.
struct GpuPower {
  double room_bytes = 0;           ///< for what trains at once (activation_room)
  double multiply_adds_per_s = 0;  ///< float32, of all its units at their clock; 0: it does not tell
};
/// @throws as LibTorch where there is no such GPU
[[nodiscard]] GpuPower power_of(torch::Device gpu);

/// How many pairs to train in one pass, 1 … kMostPairsAtOnce: as many as it takes for arithmetic to
/// last as long as starting the step's kernels does, for up to there they cost next to nothing more than one; no more
/// than there is room for.
[[nodiscard]] int pairs_worth_a_pass(const PairLoad& load, const GpuPower& gpu);

/// What `pairs-at-once = auto` comes to on this device: 1 where several cannot train in one pass, and on a CPU, which
/// one pair fills. No more than the pairs that a search has a generation.
/// @throws InputError when the data set cannot be read
[[nodiscard]] int automatic_pairs_at_once(const SearchSettings& settings, torch::Device device);

}  // namespace harmonic
