#pragma once

#include <torch/types.h>

#include "worker/group/collectives.hpp"

namespace harmonic {

/// Batch normalisation with the statistics of the whole group's batch: each rank gives its share, forward and backward
/// all-reduce per-channel sums. Equals batch norm of the joined batch, up to rounding. Every rank must call it.
/// @param x (N, C) or (N, C, H, W), this rank's share, which may differ in N between ranks
/// @param mean, variance running statistics (C), updated with `momentum` (variance unbiased); undefined: left alone
[[nodiscard]] torch::Tensor sync_batch_norm(const torch::Tensor& x, const torch::Tensor& weight,
                                            const torch::Tensor& bias, torch::Tensor mean, torch::Tensor variance,
                                            double momentum, double epsilon, Collectives& group);

}  // namespace harmonic
