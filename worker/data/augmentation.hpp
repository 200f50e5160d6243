#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/base/ids.hpp"
#include "core/space/search_space.hpp"

namespace harmonic {

/// How training samples are varied, after what they show.
enum class Augmentation {
  none,
  digits,    ///< small shift, scale, rotation and shear
  pictures,  ///< horizontal flip, crop and scale
  mfcc,      ///< time shift and stretch, masks over coefficients and over frames (SpecAugment)
};

/// By the kind of input that the space takes.
[[nodiscard]] Augmentation usual_augmentation(const BackboneSpace& space);

/// Varied copies of a batch. Every draw comes from (seed, epoch, sample), so that it is the same on whichever rank.
/// @param samples (N, C, H, W); vectors are returned as they are
/// @param ids (N) int64 on the CPU: which samples of the data set these are
/// @param strength 1: as designed; 0: none
/// @param frames of mfcc samples: frames_of() them, where that is at hand
[[nodiscard]] torch::Tensor augment(Augmentation kind, const torch::Tensor& samples, const torch::Tensor& ids,
                                    Seed seed, std::uint64_t epoch, double strength = 1.0,
                                    const torch::Tensor& frames = {});

/// How many columns of every sample hold frames: those before the columns that repeat the last one, which are padding.
/// Of samples on a device this waits for it. @param samples (N, C, H, W); vectors have one each @return (N) int64 on
/// the CPU
[[nodiscard]] torch::Tensor frames_of(const torch::Tensor& samples);

}  // namespace harmonic
