#pragma once

#include <string>
#include <vector>

#include "core/base/markup.hpp"

namespace harmonic {

/// About `count` round values (1, 2 or 5 times a power of ten apart) inside [lo, hi].
///   nice_ticks(0.3, 5.2, 5) == {1, 2, 3, 4, 5}
/// Needs lo < hi and count >= 1.
[[nodiscard]] std::vector<double> nice_ticks(double lo, double hi, int count);

struct PlotPoint {
  double x = 0;
  double y = 0;
  std::string tooltip;
};

/// Points of a trade-off: x is minimised, y maximised.
struct ScatterPlot {
  std::string title, x_label, y_label;
  std::vector<PlotPoint> faint;   ///< all that was tried
  std::vector<PlotPoint> strong;  ///< the front; those best in this plane are joined by a staircase
};

/// One quantity over generations.
struct LinePlot {
  std::string title, x_label, y_label;
  std::vector<PlotPoint> points;  ///< ascending in x
};

/// An <svg> element that scales to its container's width. Colours come from the page's CSS variables (--ink, --muted,
/// --grid, --accent, --surface). Faint points far below the rest are drawn as triangles at the lower edge, so that a
/// few failures do not flatten the plot. Needs a point at least.
[[nodiscard]] std::string to_svg(const ScatterPlot& plot);
[[nodiscard]] std::string to_svg(const LinePlot& plot);

}  // namespace harmonic
