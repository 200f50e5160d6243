#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/ids.hpp"
#include "core/data/dataset_file.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// How training samples are varied, after what they show.
enum class Augmentation {
  none,
  digits,    ///< small shift, scale, rotation and shear
  pictures,  ///< horizontal flip, crop and scale
  mfcc,      ///< time shift and stretch, masks over coefficients and over frames (SpecAugment)
};

/// "none", "digits", "pictures", "mfcc"; "auto": by the space. @throws InputError
[[nodiscard]] Augmentation parse_augmentation(const std::string& text, const BackboneSpace& space);

/// Varied copies of a batch. Every draw comes from (seed, epoch, sample), so that it is the same on whichever rank.
/// @param samples (N, C, H, W); vectors are returned as they are
/// @param ids which samples of the data set these are, one a row
/// @param strength 1: as designed; 0: none
[[nodiscard]] torch::Tensor augment(Augmentation kind, const torch::Tensor& samples,
                                    const std::vector<std::int64_t>& ids, Seed seed, std::uint64_t epoch,
                                    double strength = 1.0);

/// The samples and `views` - 1 varied copies of each: all samples as they are, then all of the first copy, and so on.
/// @return (views * N, …)
[[nodiscard]] torch::Tensor with_views(Augmentation kind, const torch::Tensor& samples, int views, Seed seed,
                                       double strength = 1.0);

/// How often every sample of a split counts, once as it is, then varied: `validation-views` of a search.
struct Views {
  int count = 1;
  double strength = 1;
  std::uint64_t run_seed = 1;  ///< of the search
};
/// With the views that a search of that seed takes, so that its numbers and a sweep's can be compared.
[[nodiscard]] torch::Tensor split_views(const BackboneSpace& space, const torch::Tensor& samples, Split split,
                                        const Views& views);
/// (views * N, …), in the order of with_views.
[[nodiscard]] torch::Tensor labels_of_views(const torch::Tensor& labels, int views);

}  // namespace harmonic
