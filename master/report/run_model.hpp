#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/config/search_settings.hpp"
#include "core/space/genome.hpp"
#include "master/report/run_results.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {

/// The row of a model: the front's, which tells of test, where it is there.
/// @throws InputError: there is none of that id, or none at all yet
[[nodiscard]] const ReportedModel& find_model(const RunPaths& run, const RunResults& results, const std::string& id);

/// A row's backbones, by modality. @throws InputError when it is not of the modalities of the run's settings
[[nodiscard]] std::vector<BackboneGenome> backbones_of(const RunPaths& run, const ReportedModel& row,
                                                       const SearchSettings& settings);

/// The folder of a model's weights. @throws InputError: as find_model(), or its weights were not kept
[[nodiscard]] std::filesystem::path find_kept_model(const RunPaths& run, const RunResults& results,
                                                    const std::string& id);

}  // namespace harmonic
