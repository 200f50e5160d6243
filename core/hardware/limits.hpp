#pragma once

#include <string>
#include <vector>

#include "core/hardware/bound.hpp"
#include "core/hardware/model_size.hpp"
#include "core/hardware/multi_device.hpp"

namespace harmonic {

/// What every model of a run has to keep within: upper bounds of columns of its CSVs. They are latency_ms.<device> and
/// energy_mj.<device>, the aggregates latency and energy, and sizes: parameters, macs.
class Limits {
 public:
  Limits() = default;
  /// @throws InputError: a column that is none of those, with the nearest; one given twice; a quantity that the
  ///   device's table lacks
  Limits(std::vector<Bound> bounds, const DeviceSet& devices);

  [[nodiscard]] bool empty() const { return bounds_.empty(); }
  /// "latency_ms.tx2 <= 9 and parameters <= 50000"
  [[nodiscard]] std::string text() const;

  /// How far a model is beyond the bounds: the sum of what each is exceeded by, as a share of it; 0 within all.
  /// Infinite where a device cannot run the model, bounds or none.
  /// @param costs one a device
  [[nodiscard]] double violation(const DeviceSet& devices, const std::vector<Cost>& costs, const ModelSize& size) const;

  /// Whether models can keep within each bound alone. @param costs, size that no model is below, each for itself
  /// @throws InputError naming what each such column is at least
  void check_reachable(const DeviceSet& devices, const std::vector<Cost>& costs, const ModelSize& size) const;

 private:
  std::vector<Bound> bounds_;
};

}  // namespace harmonic
