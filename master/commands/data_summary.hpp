#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/data/dataset_summary.hpp"

namespace harmonic {

/// {"balance": {"largest": n, "smallest": n}, "modalities": {name: {"mean": [train, val, test], "std": […]}}}
[[nodiscard]] nlohmann::ordered_json summary_json(const DatasetFile& data, const DatasetSummary& summary);
/// {"within": {split: n}, "across": n}: DatasetSummary's repeats and shared
[[nodiscard]] nlohmann::ordered_json duplicates_json(const DatasetSummary& summary);
/// All of it as a few lines for people.
[[nodiscard]] std::string summary_page(const DatasetFile& data, const DatasetSummary& summary);

}  // namespace harmonic
