#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/config/device_use.hpp"
#include "core/storage/conditions.hpp"

namespace harmonic {

/// How this process uses its device from here on; of the CPU, whose bits are the same every time, nothing. To be called
/// before anything is computed there. @param sharing ranks that compute on it, this one among them
void use_device(const DeviceUse& use, torch::Device device, int sharing);

/// Whether this process was told to, and its device asks for it.
[[nodiscard]] bool computes_deterministically();

/// What results to the bit depend on of that: what is gone on with wants the same. Nothing where they are not promised.
[[nodiscard]] Conditions deterministic_conditions();

/// Bytes that what goes through a network at once may take on a device: as use_device() was told, else half of what
/// this rank's part of it has free now; the other half is for workspaces of libraries and for what lies in pieces. To
/// ask is to ask the driver: once for many batches. Of a CPU as much as there may be.
[[nodiscard]] std::int64_t activation_room(torch::Device device);

/// Samples that have room at once, one or more. @param bytes a sample takes on its way; 0: it takes none
[[nodiscard]] std::int64_t samples_in_room(std::int64_t room, std::int64_t bytes);

}  // namespace harmonic
