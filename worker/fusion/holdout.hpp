#pragma once

#include <cstdint>

#include "worker/fusion/samples.hpp"

namespace harmonic {

/// Training samples parted in two, so that the architecture is guided by samples that neither teach the weights nor
/// judge the model.
struct Holdout {
  Samples taught;  ///< what weights learn from: four fifths
  Samples guide;   ///< what the architecture learns from: a fifth
};

/// Of every class (multilabel: of all samples) a random fifth, rounded, all views of a sample on one side; with at
/// least two samples on either. A function of the arguments alone; of samples with the same labels always as many.
/// @throws InputError when there are fewer than four samples
[[nodiscard]] Holdout hold_out(const Samples& train, std::uint64_t seed);

}  // namespace harmonic
