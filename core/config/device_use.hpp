#pragma once

#include "core/base/choices.hpp"
#include "core/config/options.hpp"

namespace harmonic {

/// How a GPU is used.
struct DeviceUse {
  int memory_mib = 0;          ///< that the samples which go through a network at once may take; 0: what is free
  bool deterministic = false;  ///< by kernels that give the same bits every time
};
/// What the first is where it may not depend on what is free.
inline constexpr int kFixedDeviceMemoryMib = 1024;

/// The options --device-memory and --deterministic.
void declare_device_use(OptionSet& options, DeviceUse& use);

/// In what convolutions and linear layers of a supernet compute. Weights, statistics of batch norms and losses are
/// float32 in either.
enum class Arithmetic {
  float32,
  bf16,  ///< 8 bits of mantissa
};
inline const Choices<Arithmetic> kArithmetics = {{"float32", Arithmetic::float32}, {"bf16", Arithmetic::bf16}};

/// The option --precision.
void declare_precision(OptionSet& options, Arithmetic& arithmetic);

}  // namespace harmonic
