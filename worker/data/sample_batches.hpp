#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace harmonic {

/// Which of `samples` are in which batch of about `batch` for recalibration, after a fixed shuffle: data sets are often
/// sorted by class. Sizes differ by one at most; all samples are used.
/// @return indices, int64, of every batch
/// @throws InputError when there are fewer than two samples: one has no variance
[[nodiscard]] std::vector<torch::Tensor> calibration_ids(std::int64_t samples, int batch);
/// These batches themselves.
[[nodiscard]] std::vector<torch::Tensor> calibration_batches(const torch::Tensor& samples, int batch);

/// Samples that go through a network at once: few enough for their activations to take a few hundred MiB at most.
[[nodiscard]] std::int64_t evaluation_chunk(const torch::Tensor& inputs);

}  // namespace harmonic
