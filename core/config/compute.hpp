#pragma once

#include "core/base/choices.hpp"

namespace harmonic {

/// Where a rank computes.
enum class Compute {
  automatic,  ///< on a GPU where there is one
  cpu,
  cuda,
};
inline const Choices<Compute> kComputes = {
    {"auto", Compute::automatic}, {"cpu", Compute::cpu}, {"cuda", Compute::cuda}};

}  // namespace harmonic
