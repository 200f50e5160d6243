#pragma once

#include <filesystem>

#include "core/data/dataset_file.hpp"
#include "core/data/importer.hpp"

namespace harmonic {

/// AV-MNIST as arrays, the layout of MFAS and MultiBench:
///   image/{train,test}_data.npy (or images/)   N x 784, numbers as they are (PCA output: negative, fractions)
///   audio/{train,test}_data.npy                N x 112 x 112, bytes or other numbers; bytes without a header, too
///   {train,test}_labels.npy                    N whole numbers, 0 to 9
/// Val is the last twelfth of train's rows, rounded, one at least: 5000 of the 60000.
/// Modalities: `image` float32 (1, 28, 28); `audio` (1, 112, 112), uint8 where the array is, else float32; mean and std
/// of the train split.
/// @throws InputError naming the file: missing, no such array, values that are not finite, rows that do not fit
[[nodiscard]] DatasetContent read_avmnist_arrays(const std::filesystem::path& folder, const SamplesRead& tell);

/// Whether the folder has that layout, in part at least.
[[nodiscard]] bool has_avmnist_arrays(const std::filesystem::path& folder);

}  // namespace harmonic
