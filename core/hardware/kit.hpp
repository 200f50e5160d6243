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
/// The folder beside the manifest that holds the models. Their names begin with a number and '-'.
inline constexpr const char* kKitParts = "parts";
/// Below the overhead by up to this share of it, a row is a part that costs nothing, and the rest is noise: it counts
/// as 0. What is less is no measurement beside that of the overhead.
inline constexpr double kOverheadNoise = 0.2;

/// What a line of a kit names.
struct KitLine {
  std::string key;
  std::string file;  ///< relative to the manifest
};
/// The manifest of a kit that nobody has measured.
[[nodiscard]] std::string kit_manifest(const std::vector<KitLine>& lines);

/// The rows of a measured kit, without the overhead's, which every row's cost is less by.
/// @throws InputError naming line and key: a cost that is missing, negative, no number or too large, an unknown status,
///   a key twice, a column of another unit; an overhead that is unsupported; rows below the overhead by more than noise
///   (kOverheadNoise), or none above it; models in kKitParts that no row names
[[nodiscard]] LookUpTable read_kit(const std::filesystem::path& manifest);

}  // namespace harmonic
