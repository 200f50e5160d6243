#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/data/dataset_summary.hpp"

namespace harmonic {

/// {"balance": …, "modalities": {name: {"mean": [train, val, test], "std": […]}}, "repeats": […], "shared": n}
[[nodiscard]] nlohmann::ordered_json summary_json(const DatasetFile& data, const DatasetSummary& summary);
/// The same as a few lines for people.
[[nodiscard]] std::string summary_page(const DatasetFile& data, const DatasetSummary& summary);

}  // namespace harmonic
