#pragma once

#include <string>
#include <vector>

#include "core/base/markup.hpp"

namespace harmonic {

struct PlotPoint {
  double x = 0;
  double y = 0;
  std::string tooltip;
  std::string name = {};  ///< of the same model in every plot of a page: its id
};

/// Points of a trade-off: x is minimised, y maximised.
struct ScatterPlot {
  std::string title, x_label, y_label;
  std::vector<PlotPoint> faint;   ///< all that was tried
  std::vector<PlotPoint> strong;  ///< the front; those best in this plane are joined by a staircase
};

/// One quantity as a search went on.
struct LinePlot {
  std::string title, x_label, y_label;
  std::vector<PlotPoint> points;  ///< ascending in x
  bool whole_x = true;            ///< x counts generations, or models
};

/// One of several sets of points in a plot. Where it stands among them decides its colour, shape and dashes.
struct PlotSeries {
  std::string name;  ///< short: it stands at the end of its line
  std::vector<PlotPoint> points;
  bool given = false;  ///< crosses with their names beside them, and no line: what the others are measured against
};

/// Trade-offs over one another: x is minimised, y maximised. Marks take the keyboard's focus.
struct OverlayPlot {
  std::string title, x_label, y_label;
  std::vector<PlotSeries> series;  ///< a point at least
};

/// An <svg> element that scales to its container's width. Colours come from the page's CSS variables (--ink, --muted,
/// --grid, --accent, --surface). Faint points far below the rest are drawn as triangles at the lower edge, so that a
/// few failures do not flatten the plot. Needs a point at least.
[[nodiscard]] std::string to_svg(const ScatterPlot& plot);
[[nodiscard]] std::string to_svg(const LinePlot& plot);
[[nodiscard]] std::string to_svg(const OverlayPlot& plot);

/// A mark of a series, for a legend. @param place of the series in its plot
[[nodiscard]] std::string series_symbol(const PlotSeries& series, std::size_t place);

/// A file of plots (of to_svg), two in a row, that needs no page around it. @param names of the series, as people know
/// them, in the order of the plots' series
[[nodiscard]] std::string sheet_svg(const std::vector<std::string>& plots, const std::vector<PlotSeries>& series,
                                    const std::vector<std::string>& names);

}  // namespace harmonic
