#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace harmonic {

/// What `harmonic evaluate` left beside the models of a run: the objects of models/<id>/evaluation.<split>.json, as
/// model_evaluation.hpp describes them, by model and split. One that cannot be read is warned of and left out.
/// @param models models/ of the run
[[nodiscard]] std::vector<nlohmann::ordered_json> find_evaluations(const std::filesystem::path& models);

/// A section of the report; empty where there are none.
[[nodiscard]] std::string evaluations_html(const std::vector<nlohmann::ordered_json>& evaluations);

}  // namespace harmonic
