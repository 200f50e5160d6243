#include "master/report/plot.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace harmonic {
namespace {

// Sizes in the units of the view box, which are pixels at full width.
constexpr double kWidth = 560, kHeight = 340;
constexpr double kLeft = 78, kRight = 16, kTop = 40, kBottom = 50;
constexpr double kPadding = 0.06;  ///< of the data's extent, left free at each end of an axis
constexpr int kTicksX = 7, kTicksY = 6;

/// One axis: data range and where it lies in the picture.
struct Axis {
  double lo, hi;      ///< data
  double start, end;  ///< picture
  [[nodiscard]] double operator()(double value) const { return start + (value - lo) / (hi - lo) * (end - start); }
};

/// [lo, hi] with room around it; a single value gets a range of its own.
Axis padded(double lo, double hi, double start, double end) {
  const double extent = hi > lo ? hi - lo : std::max(std::abs(hi) * 0.1, 1e-3);
  return {lo - kPadding * extent, hi + kPadding * extent, start, end};
}

Axis x_axis(double lo, double hi) {
  return padded(lo, hi, kLeft, kWidth - kRight);
}
Axis y_axis(double lo, double hi) {
  return padded(lo, hi, kHeight - kBottom, kTop);
}

std::string tick_text(double value, double step) {
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 9);
  return fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals);
}

/// Title, axes, grid, tick labels.
std::string frame(const std::string& title, const std::string& x_label, const std::string& y_label, const Axis& x,
                  const Axis& y, const std::vector<double>& x_ticks, const std::vector<double>& y_ticks) {
  std::string svg = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"{2}\" "
      "xmlns=\"http://www.w3.org/2000/svg\">\n"
      "<text class=\"plot-title\" x=\"{3}\" y=\"20\">{2}</text>\n",
      kWidth, kHeight, escape_html(title), kLeft);
  const double bottom = kHeight - kBottom;
  const auto step = [](const std::vector<double>& ticks) { return ticks.size() > 1 ? ticks[1] - ticks[0] : 1.0; };
  for (const double tick : y_ticks)
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kLeft, kWidth - kRight, y(tick), kLeft - 8, y(tick) + 4, tick_text(tick, step(y_ticks)));
  for (const double tick : x_ticks)
    svg += fmt::format(
        "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
        x(tick), bottom, bottom + 4, bottom + 18, tick_text(tick, step(x_ticks)));
  svg += fmt::format("<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\"/>\n", kLeft, kWidth - kRight,
                     bottom);
  svg += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                     (kLeft + kWidth - kRight) / 2, kHeight - 10, escape_html(x_label));
  const double middle = (kTop + bottom) / 2;
  svg += fmt::format(
      "<text class=\"label\" transform=\"translate(16 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n", middle,
      escape_html(y_label));
  return svg;
}

std::string tooltip(const PlotPoint& point) {
  return fmt::format("<title>{}</title>", escape_html(point.tooltip));
}

/// The points that no other one beats in this plane, by ascending x.
std::vector<PlotPoint> best_in_plane(std::vector<PlotPoint> points) {
  std::ranges::sort(points, [](const PlotPoint& a, const PlotPoint& b) { return a.x != b.x ? a.x < b.x : a.y > b.y; });
  std::vector<PlotPoint> best;
  for (const auto& point : points)
    if (best.empty() || point.y > best.back().y) best.push_back(point);
  return best;
}

/// The border of what the points attain: up at each of them, then right.
std::string staircase(const std::vector<PlotPoint>& points, const Axis& x, const Axis& y) {
  std::string path = fmt::format("M{:.1f} {}", x(points[0].x), kHeight - kBottom);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i > 0) path += fmt::format("H{:.1f}", x(points[i].x));
    path += fmt::format("V{:.1f}", y(points[i].y));
  }
  return fmt::format("<path class=\"stair\" d=\"{}H{}\"/>\n", path, kWidth - kRight);
}

/// Where the y axis starts: at the lowest point, unless a few lie so far below the rest that they would flatten it.
double lowest_shown(const ScatterPlot& plot) {
  double highest = -std::numeric_limits<double>::infinity();
  double lowest = std::numeric_limits<double>::infinity();
  for (const auto& p : plot.strong) lowest = std::min(lowest, p.y), highest = std::max(highest, p.y);
  std::vector<double> faint;
  for (const auto& p : plot.faint) faint.push_back(p.y), highest = std::max(highest, p.y);
  if (faint.empty()) return lowest;
  std::ranges::sort(faint);
  const double median = faint[faint.size() / 2];
  // Three times as far below the best as the better half, and the front, reach.
  const double limit = highest - 3 * (highest - std::min(median, lowest));
  return std::min(lowest, *std::ranges::lower_bound(faint, std::min(limit, median)));
}

}  // namespace

std::vector<double> nice_ticks(double lo, double hi, int count) {
  const double rough = (hi - lo) / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  std::vector<double> ticks;
  for (double k = std::ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; ++k) ticks.push_back(k * step);
  return ticks;
}

std::string to_svg(const ScatterPlot& plot) {
  std::vector<PlotPoint> all = plot.faint;
  all.insert(all.end(), plot.strong.begin(), plot.strong.end());
  const auto [x_lo, x_hi] = std::ranges::minmax(all, {}, &PlotPoint::x);
  const double y_lo = lowest_shown(plot);
  const Axis x = x_axis(x_lo.x, x_hi.x);
  const Axis y = y_axis(y_lo, std::ranges::max(all, {}, &PlotPoint::y).y);
  std::string svg = frame(plot.title, plot.x_label, plot.y_label, x, y, nice_ticks(x.lo, x.hi, kTicksX),
                          nice_ticks(y.lo, y.hi, kTicksY));
  for (const auto& p : plot.faint) {
    if (p.y >= y_lo) {
      svg += fmt::format("<circle class=\"faint\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\">{}</circle>\n", x(p.x), y(p.y),
                         tooltip(p));
    } else {
      svg += fmt::format("<path class=\"faint\" d=\"M{:.1f} {}l-4.5 -8h9z\">{}</path>\n", x(p.x), kHeight - kBottom - 1,
                         tooltip(p));
    }
  }
  if (!plot.strong.empty()) svg += staircase(best_in_plane(plot.strong), x, y);
  for (const auto& p : plot.strong)
    svg += fmt::format("<circle class=\"strong\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\">{}</circle>\n", x(p.x), y(p.y),
                       tooltip(p));
  return svg + "</svg>\n";
}

std::string to_svg(const LinePlot& plot) {
  const auto [x_lo, x_hi] = std::ranges::minmax(plot.points, {}, &PlotPoint::x);
  const auto [y_lo, y_hi] = std::ranges::minmax(plot.points, {}, &PlotPoint::y);
  const Axis x = x_axis(x_lo.x, x_hi.x);
  const Axis y = y_axis(y_lo.y, y_hi.y);
  // Generations are whole numbers.
  std::vector<double> x_ticks = nice_ticks(x.lo, x.hi, kTicksX);
  std::erase_if(x_ticks, [](double tick) { return std::abs(tick - std::round(tick)) > 1e-6; });
  std::string svg = frame(plot.title, plot.x_label, plot.y_label, x, y, x_ticks, nice_ticks(y.lo, y.hi, kTicksY));
  std::string path;
  for (const auto& p : plot.points) path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(p.x), y(p.y));
  svg += fmt::format("<path class=\"line\" d=\"{}\"/>\n", path);
  for (const auto& p : plot.points)
    svg += fmt::format("<circle class=\"strong\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\">{}</circle>\n", x(p.x), y(p.y),
                       tooltip(p));
  return svg + "</svg>\n";
}

}  // namespace harmonic
