#pragma once

#include <string>

#include "master/report/run_results.hpp"

namespace harmonic {

/// By which protocol the metrics were measured: a sentence, as HTML.
[[nodiscard]] std::string protocol_text(const RunResults& results);

/// What the results come from: data set, files and their hashes, versions of the program.
[[nodiscard]] std::string provenance_section(const RunResults& results);

}  // namespace harmonic
