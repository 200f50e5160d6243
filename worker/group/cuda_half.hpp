#pragma once

#include <string>

namespace harmonic {

/// LibTorch's CUDA half, libtorch_cuda, is loaded as the program starts, before LibTorch is asked for the first time
/// whether there is CUDA and keeps the answer. Only where there is a driver: 235 MB of a process on a machine without.
/// @return why it is not there; empty where it is, or where this LibTorch has none
[[nodiscard]] const std::string& why_no_cuda_half();

}  // namespace harmonic
