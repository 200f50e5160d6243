#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace harmonic {

/// Counts the energy that a device draws, idle power included. For one thread at a time.
class EnergyMeter {
 public:
  virtual ~EnergyMeter() = default;
  /// mJ since some moment; it never falls.
  [[nodiscard]] virtual double read_mj() = 0;
  /// What it counts, in words: "RAPL, package-0".
  [[nodiscard]] virtual std::string name() const = 0;
};

/// The device whose energy is wanted.
struct MeteredDevice {
  bool gpu = false;
  std::string uuid = {};  ///< of the GPU, by which its driver knows it: "GPU-1a2b3c4d-…"
};

/// The first of these that can be read: on a GPU NVML's counter (the library is loaded when asked for), or the power
/// rails of a Jetson; on a CPU RAPL's packages, or a Jetson's rails. Null where nothing can be read: the energy is then
/// absent, not zero.
/// @param sysfs where the kernel shows its devices
[[nodiscard]] std::unique_ptr<EnergyMeter> find_energy_meter(MeteredDevice device,
                                                             const std::filesystem::path& sysfs = "/sys");

}  // namespace harmonic
