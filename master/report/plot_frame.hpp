#pragma once

#include <string>
#include <vector>

namespace harmonic {

/// The picture that plots are drawn in, in the units of its view box, which are pixels at full width.
inline constexpr double kPlotWidth = 560, kPlotHeight = 340;
inline constexpr double kPlotLeft = 78, kPlotRight = 16, kPlotTop = 40, kPlotBottom = 50;  ///< around the data

/// One axis: data range and where it lies in the picture.
struct PlotAxis {
  double lo, hi;      ///< data
  double start, end;  ///< picture
  [[nodiscard]] double operator()(double value) const { return start + (value - lo) / (hi - lo) * (end - start); }
};

/// Axes over [lo, hi] with room around it; a single value gets a range of its own.
[[nodiscard]] PlotAxis x_axis(double lo, double hi);
[[nodiscard]] PlotAxis y_axis(double lo, double hi);

/// What stands around a plot.
struct PlotWords {
  std::string title, x_label, y_label;
  const char* role = "img";  ///< of the <svg>; "group" where marks can be walked through
  bool whole_x = false;      ///< x counts: ticks are whole numbers
};

/// The start of an <svg class="plot"> element: title, axes, grid, tick labels.
[[nodiscard]] std::string plot_frame(const PlotWords& words, const PlotAxis& x, const PlotAxis& y);

/// About `count` round values (1, 2 or 5 times a power of ten apart) inside [lo, hi].
///   nice_ticks(0.3, 5.2, 5) == {1, 2, 3, 4, 5}
/// Needs lo < hi and count >= 1.
[[nodiscard]] std::vector<double> nice_ticks(double lo, double hi, int count);

}  // namespace harmonic
