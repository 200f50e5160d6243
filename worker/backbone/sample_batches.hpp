#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace harmonic {

/// Splits samples into batches of about `batch` for recalibration, after a fixed shuffle: data sets are often sorted by
/// class. Sizes differ by one at most; all samples are used.
/// @throws InputError when there is no sample, or a batch would hold one, which has no variance
[[nodiscard]] std::vector<torch::Tensor> calibration_batches(const torch::Tensor& samples, int batch);

/// Samples that go through a network at once: few enough for their activations to take a few hundred MiB at most.
[[nodiscard]] std::int64_t evaluation_chunk(const torch::Tensor& inputs);

}  // namespace harmonic
