#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/data/dataset_file.hpp"
#include "core/storage/hdf5_file.hpp"

namespace harmonic {

/// Calls `visit(values, first)` with some samples at a time, row-major and on the scale that a network reads (uint8 as
/// 0 … 1), and the number of the first one. However large the split, a few MiB of it are in memory.
/// @throws InputError naming the first sample that holds a value that is not finite
void visit_samples(const Hdf5File& file, const ModalityInfo& modality, Split split,
                   const std::function<void(const std::vector<float>& values, std::size_t first)>& visit);

/// Mean and standard deviation of every channel of train (of every feature of a vector), of the whole population; std 1
/// of a channel whose values are all the same. @throws InputError as above
[[nodiscard]] ChannelStatistics channel_statistics(const Hdf5File& file, const ModalityInfo& modality);

}  // namespace harmonic
