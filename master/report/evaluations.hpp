#pragma once

#include <filesystem>
#include <string>

namespace harmonic {

/// The section of a report that shows what `harmonic evaluate` left beside the models of its run: the objects of
/// models/<id>/evaluation.<split>.json (model_evaluation.hpp), by model and split. One that cannot be read is warned of
/// and left out; empty where there are none. @param models models/ of the run
[[nodiscard]] std::string evaluations_html(const std::filesystem::path& models);

}  // namespace harmonic
