#pragma once

#include <string>
#include <vector>

#include "core/hardware/multi_device.hpp"
#include "master/reproduce/reproduced_table.hpp"
#include "master/reproduce/reproduction.hpp"

namespace harmonic {

/// Samples of a data set's test split, and what a metric of them is.
struct TestSplit {
  double samples = 0;
  LabelKind labels = LabelKind::classification;
};

/// A metric of a test split, percent, with the interval that the number of its samples gives. @param drawn of a
/// weighted F1, where it is known
[[nodiscard]] Measurement test_measurement(double metric, const TestSplit& test, std::optional<Interval> drawn = {});

/// Row by row: every backbone alone, the multimodal metric, late fusion (all of them on the test split), what the found
/// models cost on every device, their fusion and their sizes; then what the published costs are sums of, on devices
/// that are the published one. What is not known (yet) has no values. @param reproduction has prices
[[nodiscard]] std::vector<ReproducedCell> reproduction_cells(const Reproduction& reproduction,
                                                             const PublishedTable& table, const TestSplit& test,
                                                             const std::vector<std::string>& modalities,
                                                             const DeviceSet& devices);

}  // namespace harmonic
