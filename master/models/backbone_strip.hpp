#pragma once

#include <optional>
#include <string>
#include <vector>

#include "master/models/architecture.hpp"

namespace harmonic {

/// Elements of SVG, of so many units from top to bottom.
struct Drawing {
  std::string elements;
  double height = 0;
};

/// Parts of a model's latency, in percent of the whole, as colours: white for none, orange for the largest.
class LatencyShares {
 public:
  explicit LatencyShares(const ModelArchitecture& model);
  [[nodiscard]] const std::vector<std::string>& devices() const { return devices_; }
  /// On every device, in order; empty where it is not known.
  [[nodiscard]] std::vector<double> of(const std::vector<Cost>& costs) const;
  /// Of a share, "#ffd9b0".
  [[nodiscard]] std::string colour(double percent) const;
  /// The largest of a layer, or of a backbone whose layers are counted together; 0: none is known.
  [[nodiscard]] double largest() const { return largest_; }

 private:
  std::vector<std::string> devices_;
  std::vector<double> whole_ms_;  ///< a device each; empty: no table is known
  double largest_ = 0;
};

/// A backbone as a strip of blocks in order of execution, as wide as their kernels and as high as their expansions,
/// coloured by their share of the latency (the mean of the devices'), with the share on every device below, and what is
/// offered to the fusion as which feature. Blocks that the genome leaves out are left out. It breaks into as many rows
/// as it needs. Drawn by hand: it is no graph, and widths and heights mean something.
/// @param read by state: states_read @param colour of the modality @param left, width where it may draw, units
[[nodiscard]] Drawing backbone_strip(const BackboneDescription& backbone, const std::vector<Cost>& costs,
                                     const LatencyShares& shares, const std::vector<bool>& read,
                                     const std::string& colour, double left, double width);

/// Text in a picture. @param attributes of SVG besides
[[nodiscard]] std::string svg_text(double x, double y, double size, std::string_view text,
                                   std::string_view attributes = "");
[[nodiscard]] std::string svg_box(double x, double y, double width, double height, std::string_view attributes);

}  // namespace harmonic
