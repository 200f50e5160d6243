#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/storage/conditions.hpp"
#include "core/work/fitted_settings.hpp"

namespace harmonic {

/// What of its data set a run's models cannot be described without. It lies in the run's inputs.json, so that whoever
/// reads a run needs no data.
struct DataShape {
  int classes = 0;
  SampleShapes samples;  ///< of the run's modalities

  bool operator==(const DataShape&) const = default;
};

/// {"classes", "10"}, {"samples of image", "1x28x28"}, …: beside the hashes in inputs.json.
[[nodiscard]] Conditions to_conditions(const DataShape& shape);

/// The name in inputs.json of what the data set says of where it comes from.
inline constexpr const char* kDataProvenance = "data provenance";

/// Nothing where the file is gone or damaged, or of a program that did not keep it. @param inputs inputs.json
[[nodiscard]] std::optional<DataShape> find_data_shape(const std::filesystem::path& inputs);
/// The hash of the training data that lies there too, as `data show` says it; empty where find_data_shape has nothing.
[[nodiscard]] std::string find_data_hash(const std::filesystem::path& inputs);

}  // namespace harmonic
