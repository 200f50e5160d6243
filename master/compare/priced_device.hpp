#pragma once

#include "core/hardware/multi_device.hpp"
#include "master/report/run_results.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {

/// Prices every model of a run on one more device, as if the run had had it: its costs stand behind those of the run's
/// own devices. Aggregates over the devices stay as they were.
/// @param results of the run in `paths`
/// @return what the run's settings say is the dearest: the largest networks with the dearest fusion, as in a run's own
///   reference; nothing of a quantity that the table lacks
/// @throws InputError: the run has a device of that name or does not say how many classes it tells apart, a table that
///   cannot be read or lacks a row
Cost price_on(RunResults& results, const RunPaths& paths, const DeviceSpec& device);

}  // namespace harmonic
