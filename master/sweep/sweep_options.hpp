#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/config/options.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/storage/output_file.hpp"

namespace harmonic {

/// What `harmonic supernet sweep` is told beside what it measures on.
struct SweepOptions {
  std::string genomes;  ///< file with one a line; empty: `all`
  std::string out;
  std::vector<DeviceSpec> devices;
  int head_classes = 0;
  double lease_s = 30, deadline_s = 3600;  ///< DispatchOptions
  bool all = false, resume = false, json = false;
  std::vector<std::string> words;  ///< of the command, as they were typed

  void declare(OptionSet& options);
  /// @throws InputError when they contradict each other
  void check() const;
  /// @param read by the command besides @throws InputError when OUT cannot be written, is an input, or is not to be
  ///   replaced
  void check_outputs(const std::vector<OptionFile>& read) const;

  [[nodiscard]] std::string conditions_file() const { return out + ".conditions"; }
};

}  // namespace harmonic
