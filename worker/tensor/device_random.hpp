#pragma once

#include <cstdint>
#include <string_view>

#include <torch/types.h>

#include "core/base/ids.hpp"

namespace harmonic {

/// Draws of many streams side by side, on a device: row r holds what RandomStream(seed, purpose, a, first + r) gives
/// when `chance(p)` is asked `columns` times, the same to the bit. Philox, which the streams are, needs but the number
/// of a draw to make it; the host would take milliseconds for what is here some 80 kernels, whatever the size.
/// @return (rows, columns) bool on the device
[[nodiscard]] torch::Tensor chances(Seed seed, std::string_view purpose, std::uint64_t a, std::int64_t first,
                                    std::int64_t rows, std::int64_t columns, double p, torch::Device device);

}  // namespace harmonic
