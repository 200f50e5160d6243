#pragma once

#include <cstddef>
#include <string>

#include "master/report/run_results.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {

/// The section that shows every model of the front in all its parts, one fold each, which the page's script opens
/// beside a model's mark: `#model-7`. A fold holds the model's picture, what its parts cost on every device, and the
/// losses of its training; what the run's folder lacks of these is left out, or said in a word. Models that come when
/// `room` is used up, the worst by validation metric, have their numbers alone. @param room bytes
[[nodiscard]] std::string model_cards_html(const RunPaths& run, const RunResults& results,
                                           std::size_t room = 1'800'000);

/// What an element about a model is called: "model-7".
[[nodiscard]] std::string model_anchor(const ReportedModel& model);

}  // namespace harmonic
