#include "master/report/curve_plot.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "master/report/plot_frame.hpp"

namespace harmonic {
namespace {

constexpr std::array kCurveDashes = {"none", "7 4", "2 4", "10 4 2 4"};

struct DrawnCurve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

std::vector<DrawnCurve> drawn_curves(const Curves& curves, const std::string& prefix) {
  std::vector<DrawnCurve> drawn;
  for (std::size_t c = 0; c < curves.names.size(); ++c) {
    if (!curves.names[c].starts_with(prefix)) continue;
    DrawnCurve curve{curves.names[c].substr(prefix.size()), {}};
    for (const auto& row : curves.rows)
      if (row.values[c]) curve.points.emplace_back(static_cast<double>(row.step), *row.values[c]);
    if (!curve.points.empty()) drawn.push_back(std::move(curve));
  }
  return drawn;
}

}  // namespace

std::string curve_plot(const std::string& title, const std::string& y_label, const Curves& curves,
                       const std::string& prefix) {
  constexpr double kLetter = 7, kSample = 26, kGap = 18, kLegendY = 36;
  const auto drawn = drawn_curves(curves, prefix);
  if (drawn.empty()) return {};
  std::vector<std::pair<double, double>> all;
  for (const auto& curve : drawn) all.insert(all.end(), curve.points.begin(), curve.points.end());
  const auto [x_lo, x_hi] = std::ranges::minmax(all, {}, &std::pair<double, double>::first);
  const auto [y_lo, y_hi] = std::ranges::minmax(all, {}, &std::pair<double, double>::second);
  const PlotAxis x = x_axis(x_lo.first, x_hi.first);
  const PlotAxis y = y_axis(y_lo.second, y_hi.second);
  std::string svg = plot_frame({title, curves.axis, y_label, "img", /*whole_x=*/true}, x, y);
  double legend_x = kPlotLeft;
  for (std::size_t c = 0; c < drawn.size(); ++c) {
    const auto look = fmt::format("class=\"over s{}\" stroke-dasharray=\"{}\"", c % kCurveDashes.size(),
                                  kCurveDashes[c % kCurveDashes.size()]);
    std::string path;
    for (const auto& [step, value] : drawn[c].points)
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(step), y(value));
    svg += fmt::format("<path {} d=\"{}\"/>\n", look, path);
    if (drawn[c].points.size() == 1)  // a path of one point shows nothing
      svg += fmt::format("<circle class=\"strong\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n",
                         x(drawn[c].points[0].first), y(drawn[c].points[0].second));
    svg += fmt::format("<path {} d=\"M{:.1f} {}h{}\"/><text x=\"{:.1f}\" y=\"{}\">{}</text>\n", look, legend_x,
                       kLegendY - 4, kSample, legend_x + kSample + 5, kLegendY, escape_html(drawn[c].name));
    legend_x += kSample + 5 + kGap + kLetter * static_cast<double>(drawn[c].name.size());
  }
  return svg + "</svg>\n";
}

}  // namespace harmonic
