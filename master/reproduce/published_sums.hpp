#pragma once

#include <string>
#include <vector>

#include "core/data/published_costs.hpp"
#include "master/reproduce/reproduced_cell.hpp"

namespace harmonic {

/// By what a device's table says it is of, else by names: of the table's files, or of the device.
[[nodiscard]] bool is_published_device(const LookUpTable& lut, const std::string& device);

/// One cell a quantity: whether sums of the device's table give a row's published costs (explain_costs), with the
/// operators, or the nearest ones and why. No data where the device is another than the published, or its table lacks
/// rows; the note says so.
[[nodiscard]] std::vector<ReproducedCell> published_sums(const PublishedTable& table, const PublishedRow& row,
                                                         const std::string& device, const LookUpTable& lut);

/// The same of costs that are explained already. @param device of the published costs
[[nodiscard]] std::vector<ReproducedCell> published_sums(const PublishedRow& row, const std::string& device,
                                                         const PublishedCosts& costs);

}  // namespace harmonic
