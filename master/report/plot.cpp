#include "master/report/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>

#include <fmt/format.h>

namespace harmonic {
namespace {

constexpr std::string_view kPlotStyle = R"css(
:root { color-scheme: light dark;
  --surface: #fcfcfb; --card: #ffffff; --ink: #16181d; --muted: #667080; --grid: #e6e8ec; --faint: #8a94a3;
  --accent: #1f6fd0; --mark: #e8f0fb; --s0: #1f6fd0; --s1: #c2410c; --s2: #15803d; --s3: #7e22ce; --s4: #a16207;
  --s5: #0e7490; --s6: #be185d; --s7: #475569; }
@media (prefers-color-scheme: dark) { :root {
  --surface: #14161a; --card: #1b1e24; --ink: #e8eaee; --muted: #98a2b1; --grid: #2c313a; --faint: #7d8796;
  --accent: #6aa9f5; --mark: #20304a; --s0: #6aa9f5; --s1: #fb923c; --s2: #4ade80; --s3: #c084fc; --s4: #facc15;
  --s5: #22d3ee; --s6: #f472b6; --s7: #cbd5e1; } }
.plot { display: block; width: 100%; height: auto; }
.plot text { fill: var(--muted); font-size: 12px; font-family: inherit; font-variant-numeric: tabular-nums; }
.plot .plot-title { fill: var(--ink); font-size: 14px; font-weight: 600; }
.plot .grid { stroke: var(--grid); }
.plot .axis { stroke: var(--muted); }
.plot .faint { fill: var(--faint); fill-opacity: 0.45; }
.plot .strong { fill: var(--accent); stroke: var(--card); stroke-width: 1.5; }
.plot .strong:hover, .plot .faint:hover { stroke: var(--ink); stroke-width: 1.5; }
.plot .stair, .plot .line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
.plot .stair { stroke-opacity: 0.6; }
.mark path { fill: var(--of); stroke: var(--card); stroke-width: 1; }
.mark.hollow path { fill: var(--card); stroke: var(--of); stroke-width: 2; }
.mark.given path { fill: none; stroke: var(--ink); stroke-width: 2.2; }
.plot .mark text, .plot .end { fill: var(--ink); font-weight: 600; }
.plot .over { fill: none; stroke: var(--of); stroke-width: 2; stroke-linejoin: round; stroke-opacity: 0.75; }
.mark:focus { outline: none; }
.mark.chosen path, .mark:focus path, .mark:hover path { stroke: var(--ink); stroke-width: 2.5; }
.symbol { width: 18px; height: 18px; vertical-align: -4px; }
.s0 { --of: var(--s0); } .s1 { --of: var(--s1); } .s2 { --of: var(--s2); } .s3 { --of: var(--s3); }
.s4 { --of: var(--s4); } .s5 { --of: var(--s5); } .s6 { --of: var(--s6); } .s7 { --of: var(--s7); }
@media (max-width: 600px) { .plot text { font-size: 15px; } .plot .plot-title { font-size: 17px; } }
)css";

/// Shapes of marks around (0, 0) and dashes of lines: a series is known by them, too, not by its colour alone.
struct SeriesLook {
  const char* shape;
  const char* dashes;
};
constexpr std::array kSeriesLooks = {
    SeriesLook{"M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z", "none"},
    SeriesLook{"M-4.6 -4.6h9.2v9.2h-9.2z", "7 4"},
    SeriesLook{"M0 -6l5.6 10h-11.2z", "2 4"},
    SeriesLook{"M0 -6.4l6.4 6.4l-6.4 6.4l-6.4 -6.4z", "10 4 2 4"},
    SeriesLook{"M0 6l5.6 -10h-11.2z", "14 5"},
    SeriesLook{"M-2 -5.8h4v3.8h3.8v4h-3.8v3.8h-4v-3.8h-3.8v-4h3.8z", "4 2"},
    SeriesLook{"M-5.8 0l2.9 -5h5.8l2.9 5l-2.9 5h-5.8z", "10 4 2 4 2 4"},
    SeriesLook{"M-5 -5.6h10l-10 11.2h10z", "1 3"},
};
constexpr const char* kGivenShape = "M-4.6 -4.6l9.2 9.2M-4.6 4.6l9.2 -9.2";  ///< of points that are no series' own

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

/// Title, axes, grid, tick labels. @param role "img", or "group" where marks can be walked through
std::string frame(const std::string& title, const std::string& x_label, const std::string& y_label, const Axis& x,
                  const Axis& y, const std::vector<double>& x_ticks, const std::vector<double>& y_ticks,
                  const char* role = "img") {
  std::string svg = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {0} {1}\" role=\"{4}\" aria-label=\"{2}\" "
      "xmlns=\"http://www.w3.org/2000/svg\">\n"
      "<text class=\"plot-title\" x=\"{3}\" y=\"20\">{2}</text>\n",
      kWidth, kHeight, escape_html(title), kLeft, role);
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

/// The border of what the points attain: up at each of them, then right. A path's commands.
std::string staircase(const std::vector<PlotPoint>& points, const Axis& x, const Axis& y) {
  std::string path = fmt::format("M{:.1f} {}", x(points[0].x), kHeight - kBottom);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i > 0) path += fmt::format("H{:.1f}", x(points[i].x));
    path += fmt::format("V{:.1f}", y(points[i].y));
  }
  return fmt::format("{}H{}", path, kWidth - kRight);
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

/// Names of series above the right end of their lines, moved apart where lines end together: upwards, and down again
/// where they would reach the title. @param ends y of each
std::string end_names(const std::vector<PlotSeries>& series, const std::vector<std::optional<double>>& ends) {
  constexpr double kApart = 14, kAbove = 5, kHighest = kTop - 4;
  std::vector<std::pair<double, std::size_t>> places;
  for (std::size_t s = 0; s < series.size(); ++s)
    if (ends[s]) places.emplace_back(*ends[s] - kAbove, s);
  std::ranges::stable_sort(places, std::ranges::greater{}, &std::pair<double, std::size_t>::first);
  double free = kHeight - kBottom;
  for (auto& [y, s] : places) {
    y = std::min(y, free);
    free = y - kApart;
  }
  free = kHighest;
  std::string svg;
  for (auto& [y, s] : places | std::views::reverse) {
    y = std::max(y, free);
    free = y + kApart;
    svg += fmt::format("<text class=\"end\" data-series=\"{}\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
                       s, kWidth - kRight, y, escape_html(series[s].name));
  }
  return svg;
}

/// What a mark of a series is drawn by: its class, and its shape.
std::pair<std::string, const char*> look_of(const PlotSeries& series, std::size_t place) {
  if (series.given) return {"given", kGivenShape};
  const std::size_t look = place % kSeriesLooks.size();
  const bool hollow = place / kSeriesLooks.size() % 2 == 1;
  return {fmt::format("s{}{}", look, hollow ? " hollow" : ""), kSeriesLooks[look].shape};
}

}  // namespace

std::string_view plot_style() {
  return kPlotStyle;
}

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
  if (!plot.strong.empty())
    svg += fmt::format("<path class=\"stair\" d=\"{}\"/>\n", staircase(best_in_plane(plot.strong), x, y));
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

std::string series_symbol(const PlotSeries& series, std::size_t place) {
  const auto [look, shape] = look_of(series, place);
  return fmt::format(
      "<svg class=\"symbol\" viewBox=\"-9 -9 18 18\" aria-hidden=\"true\" xmlns=\"http://www.w3.org/2000/svg\"><g "
      "class=\"mark {}\"><path d=\"{}\"/></g></svg>",
      look, shape);
}

std::string to_svg(const OverlayPlot& plot) {
  std::vector<PlotPoint> all;
  for (const auto& series : plot.series) all.insert(all.end(), series.points.begin(), series.points.end());
  const auto [x_lo, x_hi] = std::ranges::minmax(all, {}, &PlotPoint::x);
  const auto [y_lo, y_hi] = std::ranges::minmax(all, {}, &PlotPoint::y);
  const Axis x = x_axis(x_lo.x, x_hi.x);
  const Axis y = y_axis(y_lo.y, y_hi.y);
  std::string svg = frame(plot.title, plot.x_label, plot.y_label, x, y, nice_ticks(x.lo, x.hi, kTicksX),
                          nice_ticks(y.lo, y.hi, kTicksY), "group");
  std::string marks;
  std::vector<std::optional<double>> ends(plot.series.size());
  bool first = true;  // it alone is reached by Tab, the others from it
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    const auto& series = plot.series[s];
    if (series.points.empty()) continue;
    const auto [look, shape] = look_of(series, s);
    if (!series.given) {
      const auto best = best_in_plane(series.points);
      ends[s] = y(best.back().y);
      svg += fmt::format("<path class=\"over {}\" data-series=\"{}\" stroke-dasharray=\"{}\" d=\"{}\"/>\n", look, s,
                         kSeriesLooks[s % kSeriesLooks.size()].dashes, staircase(best, x, y));
    }
    auto points = series.points;
    std::ranges::stable_sort(points, {}, &PlotPoint::x);
    for (const auto& p : points) {
      marks += fmt::format(
          "<g class=\"mark {}\" data-series=\"{}\" data-name=\"{}\" role=\"img\" tabindex=\"{}\" "
          "transform=\"translate({:.1f} {:.1f})\">{}<path d=\"{}\"/>{}</g>\n",
          look, s, escape_html(p.name), first ? 0 : -1, x(p.x), y(p.y), tooltip(p), shape,
          series.given ? fmt::format("<text x=\"8\" y=\"4\">{}</text>", escape_html(p.name)) : "");
      first = false;
    }
  }
  return svg + marks + end_names(plot.series, ends) + "</svg>\n";
}

std::string sheet_svg(const std::vector<std::string>& plots, const std::vector<PlotSeries>& series,
                      const std::vector<std::string>& names) {
  constexpr double kGap = 16, kLine = 22;
  const std::size_t columns = plots.size() > 1 ? 2 : 1, rows = (plots.size() + columns - 1) / columns;
  const double legend = kGap + static_cast<double>(names.size()) * kLine;
  const double width = static_cast<double>(columns) * (kWidth + kGap) + kGap;
  const double height = legend + static_cast<double>(rows) * (kHeight + kGap) + kGap;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sheet\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"system-ui, sans-serif\">\n<style>{2}.sheet > text {{ fill: var(--ink); font-size: 13px; }}\n"
      "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"var(--card)\"/>\n",
      width, height, kPlotStyle);
  for (std::size_t s = 0; s < names.size(); ++s) {
    const auto [look, shape] = look_of(series[s], s);
    const double y = kGap + (static_cast<double>(s) + 0.5) * kLine;
    svg += fmt::format(
        "<g class=\"mark {}\" transform=\"translate({} {})\"><path d=\"{}\"/></g><text x=\"{}\" y=\"{}\">{}</text>\n",
        look, 2 * kGap, y, shape, 3 * kGap, y + 4.5, escape_html(names[s]));
  }
  for (std::size_t p = 0; p < plots.size(); ++p) {
    const std::size_t row = p / columns;
    svg += fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">{}</svg>\n",
                       kGap + static_cast<double>(p % columns) * (kWidth + kGap),
                       legend + kGap + static_cast<double>(row) * (kHeight + kGap), kWidth, kHeight, plots[p]);
  }
  return svg + "</svg>\n";
}

}  // namespace harmonic
