#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/data/dataset_file.hpp"

namespace harmonic {

/// What a look at every sample of a data set tells.
struct DatasetSummary {
  struct Modality {
    std::string name;
    std::array<double, 3> mean{}, std{};  ///< of each split, as a network reads it: about 0 and 1 in train
  };
  std::vector<Modality> modalities;
  std::array<std::size_t, 3> repeats{};  ///< samples that are in every modality like an earlier one of their split
  std::size_t shared = 0;                ///< samples of val and test that are so like one of another split before
};

/// Samples of each class in a split; where labels are multilabel, one counts for each of its classes.
[[nodiscard]] std::vector<std::size_t> class_counts(const DatasetFile& data, Split split);

/// Reads every sample, a few at a time. @throws InputError as DatasetFile
[[nodiscard]] DatasetSummary summarise(const DatasetFile& data);

}  // namespace harmonic
