#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/hardware/lut.hpp"

namespace harmonic {

// A kit: one small model a key of a table, for devices that cannot run this program. DIR/manifest.csv lists them, a
// line a key: key, file, latency_ms, energy_mj, status. Its user measures each file with the device's own benchmark
// tool and fills in latency_ms, and energy_mj where it is known; or writes "unsupported" as the status.

inline constexpr const char* kKitColumns[] = {"key", "file", "latency_ms", "energy_mj", "status"};
/// A model that does nothing: what it takes is a call's own price, which is taken off all the others.
inline constexpr const char* kOverheadKey = "Overhead-input:1";

/// What a line of a kit names.
struct KitLine {
  std::string key;
  std::string file;  ///< relative to the manifest
};
/// The manifest of a kit that nobody has measured.
[[nodiscard]] std::string kit_manifest(const std::vector<KitLine>& lines);

/// The rows of a measured kit, without the overhead's, which every row's cost is less by.
/// @throws InputError naming line and key: a cost that is missing, negative, no number or too large, an unknown status,
///   a key twice, a column of another unit
[[nodiscard]] LookUpTable read_kit(const std::filesystem::path& manifest);

}  // namespace harmonic
