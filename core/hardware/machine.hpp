#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace harmonic {

/// What of a machine a measurement depends on, as the kernel tells it; what it does not tell is left out.
struct MachineReport {
  std::string processor;                ///< "AMD EPYC 7B13"
  std::vector<std::string> conditions;  ///< "governor performance", "2445 MHz", "51 C", "load 0.10"
};
/// @param cpu the processor that is measured
/// @param root of the file system that tells
[[nodiscard]] MachineReport report_machine(int cpu, const std::filesystem::path& root = "/");

/// Lets this thread, and those that it starts, run on `threads` processors alone, the last of those it may use: the
/// first ones serve interrupts.
/// @return their numbers; empty where the system refuses
std::vector<int> pin_to_processors(int threads);

}  // namespace harmonic
