#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "master/report/model_columns.hpp"
#include "master/report/run_results.hpp"

namespace harmonic {

/// Which of a run's models a page draws: every one of the front, and of the others at most about `most`. Where there
/// are more, every k-th in the order in which they were scored, and the first and the last of every column, so that no
/// axis changes.
struct ShownModels {
  std::vector<const ReportedModel*> front;      ///< as the results have it
  std::vector<const ReportedModel*> dominated;  ///< by when they were scored
  std::size_t all_dominated = 0;                ///< those left out, too
  std::size_t every = 1;                        ///< k

  /// The rule as it was used, a sentence for people; empty where all are shown.
  [[nodiscard]] std::string note() const;
};

/// @param results must outlive what is returned
[[nodiscard]] ShownModels choose_shown(const RunResults& results, const std::vector<ModelColumn>& columns,
                                       std::size_t most = 2000);

}  // namespace harmonic
