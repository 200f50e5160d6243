#include "master/report/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "master/report/page_assets.hpp"
#include "master/report/plot_frame.hpp"

namespace harmonic {
namespace {

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
constexpr const char* kFrontShape = "m0 -6.4l6.4 6.4l-6.4 6.4l-6.4 -6.4z";   ///< behind the place of its centre
constexpr const char* kGivenShape = "M-4.6 -4.6l9.2 9.2M-4.6 4.6l9.2 -9.2";  ///< of points that are no series' own

std::string tooltip(const PlotPoint& point) {
  return point.tooltip.empty() ? std::string() : fmt::format("<title>{}</title>", escape_html(point.tooltip));
}

/// By which the page's script knows whose mark it is.
std::string model_of(const PlotPoint& point) {
  return point.name.empty() ? std::string() : fmt::format(" data-model=\"{}\"", escape_html(point.name));
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
std::string staircase(const std::vector<PlotPoint>& points, const PlotAxis& x, const PlotAxis& y) {
  std::string path = fmt::format("M{:.1f} {}", x(points[0].x), kPlotHeight - kPlotBottom);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i > 0) path += fmt::format("H{:.1f}", x(points[i].x));
    path += fmt::format("V{:.1f}", y(points[i].y));
  }
  return fmt::format("{}H{}", path, kPlotWidth - kPlotRight);
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
  constexpr double kApart = 14, kAbove = 5, kHighest = kPlotTop - 4;
  std::vector<std::pair<double, std::size_t>> places;
  for (std::size_t s = 0; s < series.size(); ++s)
    if (ends[s]) places.emplace_back(*ends[s] - kAbove, s);
  std::ranges::stable_sort(places, std::ranges::greater{}, &std::pair<double, std::size_t>::first);
  double free = kPlotHeight - kPlotBottom;
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
                       s, kPlotWidth - kPlotRight, y, escape_html(series[s].name));
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

std::string to_svg(const ScatterPlot& plot) {
  std::vector<PlotPoint> all = plot.faint;
  all.insert(all.end(), plot.strong.begin(), plot.strong.end());
  const auto [x_lo, x_hi] = std::ranges::minmax(all, {}, &PlotPoint::x);
  const double y_lo = lowest_shown(plot);
  const PlotAxis x = x_axis(x_lo.x, x_hi.x);
  const PlotAxis y = y_axis(y_lo, std::ranges::max(all, {}, &PlotPoint::y).y);
  std::string svg = plot_frame({plot.title, plot.x_label, plot.y_label, "group"}, x, y);
  for (const auto& p : plot.faint) {
    if (p.y >= y_lo) {
      svg += fmt::format("<circle class=\"faint\"{} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\">{}</circle>\n", model_of(p),
                         x(p.x), y(p.y), tooltip(p));
    } else {
      svg += fmt::format("<path class=\"faint\"{} d=\"M{:.1f} {}l-4.5 -8h9z\">{}</path>\n", model_of(p), x(p.x),
                         kPlotHeight - kPlotBottom - 1, tooltip(p));
    }
  }
  if (!plot.strong.empty())
    svg += fmt::format("<path class=\"stair\" d=\"{}\"/>\n", staircase(best_in_plane(plot.strong), x, y));
  for (const auto& p : plot.strong)
    svg += fmt::format("<path class=\"strong\"{} d=\"M{:.1f} {:.1f}{}\">{}</path>\n", model_of(p), x(p.x), y(p.y),
                       kFrontShape, tooltip(p));
  return svg + "</svg>\n";
}

std::string to_svg(const LinePlot& plot) {
  const auto [x_lo, x_hi] = std::ranges::minmax(plot.points, {}, &PlotPoint::x);
  const auto [y_lo, y_hi] = std::ranges::minmax(plot.points, {}, &PlotPoint::y);
  const PlotAxis x = x_axis(x_lo.x, x_hi.x);
  const PlotAxis y = y_axis(y_lo.y, y_hi.y);
  std::string svg = plot_frame({plot.title, plot.x_label, plot.y_label, "img", plot.whole_x}, x, y);
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
  const PlotAxis x = x_axis(x_lo.x, x_hi.x);
  const PlotAxis y = y_axis(y_lo.y, y_hi.y);
  std::string svg = plot_frame({plot.title, plot.x_label, plot.y_label, "group"}, x, y);
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
  const double width = static_cast<double>(columns) * (kPlotWidth + kGap) + kGap;
  const double height = legend + static_cast<double>(rows) * (kPlotHeight + kGap) + kGap;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sheet\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
      "font-family=\"system-ui, sans-serif\">\n<style>{2}.sheet > text {{ fill: var(--ink); font-size: 13px; }}\n"
      "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"var(--card)\"/>\n",
      width, height, plot_style());
  for (std::size_t s = 0; s < names.size(); ++s) {
    const auto [look, shape] = look_of(series[s], s);
    const double y = kGap + (static_cast<double>(s) + 0.5) * kLine;
    svg += fmt::format(
        "<g class=\"mark {}\" transform=\"translate({} {})\"><path d=\"{}\"/></g><text x=\"{}\" y=\"{}\">{}</text>\n",
        look, 2 * kGap, y, shape, 3 * kGap, y + 4.5, escape_html(names[s]));
  }
  for (std::size_t p = 0; p < plots.size(); ++p) {
    const std::size_t row = p / columns;
    svg +=
        fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">{}</svg>\n",
                    kGap + static_cast<double>(p % columns) * (kPlotWidth + kGap),
                    legend + kGap + static_cast<double>(row) * (kPlotHeight + kGap), kPlotWidth, kPlotHeight, plots[p]);
  }
  return svg + "</svg>\n";
}

}  // namespace harmonic
