#pragma once

#include <string>
#include <vector>

#include "core/base/statistics.hpp"
#include "core/hardware/multi_device.hpp"
#include "master/reproduce/reproduction.hpp"

namespace harmonic {

/// One number of a row: the published one, where there is one, beside what was measured.
struct ComparedQuantity {
  int row = 0;
  std::string quantity;             ///< "metric.<modality>", "metric" (multimodal), "metric.late-<kind>" (late fusion),
                                    ///< of kQuantities, of kSizeMeasures
  std::string device;               ///< of a quantity
  std::string unit;                 ///< "%", "ms", "mJ"; none of a size
  std::optional<double> published;  ///< costs: of kPublishedDevice, cut to two decimals
  bool other_device = false;        ///< measured is of a device that is not, or is not known to be, kPublishedDevice
  MeanInterval measured;            ///< over the seeds; a backbone alone is measured once
};

/// Row by row: every backbone alone, the multimodal metric, late fusion (all of them on the test split), what the found
/// models cost on every device, and their sizes. What is not known (yet) counts 0 measurements. @param reproduction has
/// prices
[[nodiscard]] std::vector<ComparedQuantity> compare(const Reproduction& reproduction,
                                                    const std::vector<std::string>& modalities,
                                                    const DeviceSet& devices);

/// Columns: table, row, protocol, quantity, device, unit, published, measured (mean), ci95 (half width of the mean's
/// 95 % interval), lowest, highest, seeds (measurements), published_device (of a published cost). A cell is empty where
/// there is nothing to say. The same results give the same bytes.
[[nodiscard]] std::string reproduced_csv(const std::vector<ComparedQuantity>& quantities, const std::string& table,
                                         const std::string& protocol);
/// The same for people, and what the columns mean. Measured costs are cut to two decimals, as the published ones are; a
/// published cost of another device than the measured one is marked.
[[nodiscard]] std::string reproduced_text(const std::vector<ComparedQuantity>& quantities);

}  // namespace harmonic
