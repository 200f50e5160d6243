#include "master/report/plot_frame.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/markup.hpp"

namespace harmonic {
namespace {

constexpr double kPadding = 0.06;  // of the data's extent, left free at each end of an axis
constexpr int kTicksX = 7, kTicksY = 6;

PlotAxis padded(double lo, double hi, double start, double end) {
  const double extent = hi > lo ? hi - lo : std::max(std::abs(hi) * 0.1, 1e-3);
  return {lo - kPadding * extent, hi + kPadding * extent, start, end};
}

std::string tick_text(double value, double step) {
  const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 9);
  return fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals);
}

}  // namespace

PlotAxis x_axis(double lo, double hi) {
  return padded(lo, hi, kPlotLeft, kPlotWidth - kPlotRight);
}

PlotAxis y_axis(double lo, double hi) {
  return padded(lo, hi, kPlotHeight - kPlotBottom, kPlotTop);
}

std::string plot_frame(const PlotWords& words, const PlotAxis& x, const PlotAxis& y) {
  std::string svg = fmt::format(
      "<svg class=\"plot\" viewBox=\"0 0 {0} {1}\" role=\"{4}\" aria-label=\"{2}\" "
      "xmlns=\"http://www.w3.org/2000/svg\">\n"
      "<text class=\"plot-title\" x=\"{3}\" y=\"20\">{2}</text>\n",
      kPlotWidth, kPlotHeight, escape_html(words.title), kPlotLeft, words.role);
  const double bottom = kPlotHeight - kPlotBottom;
  const auto step = [](const std::vector<double>& ticks) { return ticks.size() > 1 ? ticks[1] - ticks[0] : 1.0; };
  const auto y_ticks = nice_ticks(y.lo, y.hi, kTicksY);
  auto x_ticks = nice_ticks(x.lo, x.hi, kTicksX);
  if (words.whole_x) std::erase_if(x_ticks, [](double tick) { return std::abs(tick - std::round(tick)) > 1e-6; });
  for (const double tick : y_ticks)
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
        kPlotLeft, kPlotWidth - kPlotRight, y(tick), kPlotLeft - 8, y(tick) + 4, tick_text(tick, step(y_ticks)));
  for (const double tick : x_ticks)
    svg += fmt::format(
        "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>\n",
        x(tick), bottom, bottom + 4, bottom + 18, tick_text(tick, step(x_ticks)));
  svg += fmt::format("<line class=\"axis\" x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\"/>\n", kPlotLeft,
                     kPlotWidth - kPlotRight, bottom);
  svg += fmt::format("<text class=\"label\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                     (kPlotLeft + kPlotWidth - kPlotRight) / 2, kPlotHeight - 10, escape_html(words.x_label));
  const double middle = (kPlotTop + bottom) / 2;
  svg += fmt::format(
      "<text class=\"label\" transform=\"translate(16 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n", middle,
      escape_html(words.y_label));
  return svg;
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

}  // namespace harmonic
