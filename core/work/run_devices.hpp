#pragma once

#include "core/config/search_settings.hpp"
#include "core/hardware/model_size.hpp"
#include "core/hardware/multi_device.hpp"

namespace harmonic {

/// The devices of a run with their tables, for master and workers alike.
/// @param data_classes of the data set: the classifier row where `head-classes` is 0
/// @throws InputError: a device or a table that cannot be read, a row that the smallest networks need and none has
[[nodiscard]] DeviceSet run_devices(const SearchSettings& settings, int data_classes);

/// What sizes of the run's models depend on.
[[nodiscard]] ModelSizing run_sizing(const SearchSettings& settings, int data_classes);

/// The classifier row of the tables.
[[nodiscard]] int head_classes(const SearchSettings& settings, int data_classes);

}  // namespace harmonic
