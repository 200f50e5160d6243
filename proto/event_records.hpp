#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/storage/curves.hpp"

namespace harmonic {

/// Records of TensorBoard's event files: length (8 bytes, little-endian), its masked CRC-32C, an event, its masked
/// CRC-32C. A reader takes a torn last record for none.

/// One record around the bytes of an event.
[[nodiscard]] std::string event_record(std::string_view event);
/// How every event file begins: with its format's version.
[[nodiscard]] std::string version_record(double wall_time_s);
/// What files before told for `step` and later ones does not count: a job begins there.
[[nodiscard]] std::string start_record(std::int64_t step, double wall_time_s);
/// What the row has of curves of these names. Values are told in single precision.
[[nodiscard]] std::string values_record(const Curves& curves, const CurveRow& row);

/// A whole event file: one table after the other. @param tables one or more
[[nodiscard]] std::string event_file(const std::vector<Curves>& tables);
/// The name of the event file `number` of a folder, from 1: TensorBoard reads them in the order of their names.
[[nodiscard]] std::string event_file_name(int number);

}  // namespace harmonic
