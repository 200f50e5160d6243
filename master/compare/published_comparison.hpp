#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/data/published_tables.hpp"
#include "core/hardware/quantity.hpp"
#include "master/report/run_results.hpp"

namespace harmonic {

/// The front's best answer to one question, with the model that gives it.
struct BestAnswer {
  double value = 0;
  std::string model;  ///< its id
};

/// A run's front against one row of a published table, by the test metric and the costs of one device. Measured costs
/// are cut to two decimals, as the published ones are, so that a row that is repeated to the digit is equalled.
struct PublishedRowComparison {
  int row = 0;
  std::vector<std::string> dominating;  ///< ids of models that are nowhere worse and somewhere better
  /// Points of metric above the row's at no more latency; nothing where no model is as fast.
  std::optional<BestAnswer> metric_gain;
  /// How many times less a quantity is at no less metric; nothing where no model reaches the metric, or none is known.
  PerQuantity<std::optional<BestAnswer>> savings;
};

/// A run's front against a published table.
struct PublishedComparison {
  std::vector<PublishedRowComparison> rows;
  bool has_test = false;  ///< the run has read the test split; else nothing is said

  [[nodiscard]] std::vector<int> dominated_rows() const;
  /// The headline ratios: the best over the rows, as "up to" in the publication; with the row.
  struct Headline {
    int row = 0;
    BestAnswer answer;
  };
  [[nodiscard]] std::optional<Headline> metric_gain() const;
  [[nodiscard]] std::optional<Headline> saving(std::size_t quantity) const;
};

/// @param device place of the run's device whose costs stand beside the published ones
[[nodiscard]] PublishedComparison against_published(const RunResults& results, std::size_t device,
                                                    const PublishedTable& table);

}  // namespace harmonic
