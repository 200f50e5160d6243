#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/base/choices.hpp"
#include "core/base/statistics.hpp"
#include "core/data/data_origin.hpp"

namespace harmonic {

/// What measured says of published. The rule is verdict_rule().
enum class Verdict { none, no_data, stand_in, other_data, reproduced, within, better, differs };
inline const Choices<Verdict> kVerdicts = {{"", Verdict::none},
                                           {"no data", Verdict::no_data},
                                           {"stand-in", Verdict::stand_in},
                                           {"other data", Verdict::other_data},
                                           {"reproduced", Verdict::reproduced},
                                           {"within the interval", Verdict::within},
                                           {"better", Verdict::better},
                                           {"differs", Verdict::differs}};

/// One value of a quantity.
struct Measurement {
  double value = 0;
  std::optional<Interval> test = {};  ///< of a metric, percent: 95 %, as far as the number of test samples goes
  std::string words = {};             ///< of a count: what was counted

  bool operator==(const Measurement&) const = default;
};

/// Quantities beside kQuantities and kSizeMeasures. Metrics are of the test split, percent.
inline constexpr std::string_view kMetric = "metric",  ///< of the multimodal model; metric.<modality>: of a backbone
                                                       ///< alone; metric.late-<kind>: of late fusion
    kCells = "cells", kNodes = "nodes", kOperators = "operators",  ///< of the fusion network
    kSum = "sum.";  ///< sum.<quantity>: of the table's rows, that the published cost was found to be

/// One number of a published row, beside what was measured of it.
struct ReproducedCell {
  int row = 0;
  std::string quantity;             ///< as above
  std::string device = {};          ///< of a cost
  std::string unit = {};            ///< "%", "ms", "mJ"; none of a count or a size
  std::optional<double> published;  ///< as printed; costs: of kPublishedDevice, cut to two decimals
  bool other_device = false;        ///< measured is of a device that is not, or is not known to be, kPublishedDevice
  std::map<int, Measurement> values = {};  ///< by seed, from 1; 0: measured once, for all seeds
  std::string note = {};

  [[nodiscard]] MeanInterval measured() const;
  /// Mean ends of the values' own; nothing unless all have one.
  [[nodiscard]] std::optional<Interval> test() const;
  /// Joint 95 % interval of the mean: of the seeds and of the number of test samples, as far as they are known, half
  /// widths added as squares. Nothing where neither is.
  [[nodiscard]] std::optional<Interval> interval() const;
  [[nodiscard]] bool is_metric() const { return unit == "%"; }
  [[nodiscard]] bool is_cost() const { return !unit.empty() && !is_metric(); }
  /// The note, or what was counted, seed by seed.
  [[nodiscard]] std::string remarks() const;
};

/// @param data that metrics were measured on; nothing: there was none
[[nodiscard]] Verdict judge(const ReproducedCell& cell, std::optional<DataOrigin> data);

/// How judge() does it, for people.
[[nodiscard]] std::string verdict_rule();

}  // namespace harmonic
