#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// One modality's samples of one split, as a network takes them: (N, C, H, W) or (N, F) float32.
/// @param limit at most this many, from the start; no others are read
[[nodiscard]] torch::Tensor load_samples(const DatasetFile& file, const std::string& modality, Split split,
                                         std::optional<std::size_t> limit = {});

/// The samples of these indices, row by row. Each is read once, in the file's order, and held once; no others are read.
/// @param ids (n) int64, no two the same
[[nodiscard]] torch::Tensor load_samples_in_order(const DatasetFile& file, const std::string& modality, Split split,
                                                  const torch::Tensor& ids);

/// classification: (N) int64 class indices; multilabel: (N, classes) float32, 0 or 1.
[[nodiscard]] torch::Tensor load_labels(const DatasetFile& file, Split split);

}  // namespace harmonic
