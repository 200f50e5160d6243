#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// One modality's samples of one split, as a network takes them.
[[nodiscard]] torch::Tensor load_samples(const DatasetFile& file, const std::string& modality,
                                         Split split);  ///< (N, C, H, W) or (N, F) float32

/// classification: (N) int64 class indices; multilabel: (N, classes) float32, 0 or 1.
[[nodiscard]] torch::Tensor load_labels(const DatasetFile& file, Split split);

}  // namespace harmonic
