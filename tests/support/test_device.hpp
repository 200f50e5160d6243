#pragma once

#include <torch/types.h>

namespace harmonic::testing {

/// Where cases tagged [device] compute, as HARMONIC_TEST_DEVICE of the environment says: `cpu`, which it is without
/// that, `stand-in` (stand_in_accelerator()), or `cuda`. Without a GPU the last prints "SKIPPED: …" and ends the
/// process. @throws std::runtime_error for another word
[[nodiscard]] torch::Device test_device();

}  // namespace harmonic::testing
