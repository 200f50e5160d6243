#include "core/hardware/validation.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/markup.hpp"
#include "core/base/statistics.hpp"

namespace harmonic {
namespace {

/// Scale and offset of least squared relative error; the scale alone where all predictions are one.
void fit_correction(const std::vector<NetworkLatency>& networks, Validation& found) {
  double sum = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (const auto& network : networks) {
    const double weight = 1 / (network.measured_ms * network.measured_ms);
    sum += weight;
    sum_x += weight * network.predicted_ms;
    sum_y += weight * network.measured_ms;
    sum_xx += weight * network.predicted_ms * network.predicted_ms;
    sum_xy += weight * network.predicted_ms * network.measured_ms;
  }
  const double spread = sum * sum_xx - sum_x * sum_x;
  constexpr double kAlike = 1e-9;  // of the predictions, relative
  found.scale = spread > kAlike * sum * sum_xx ? (sum * sum_xy - sum_x * sum_y) / spread : sum_xy / sum_xx;
  found.offset_ms = spread > kAlike * sum * sum_xx ? (sum_y - found.scale * sum_x) / sum : 0;
}

}  // namespace

Validation validate(const std::vector<NetworkLatency>& networks) {
  if (networks.size() < 2)
    throw InputError(fmt::format("{} network is measured", networks.size()), "an order needs two at least");
  Validation found;
  std::vector<double> predicted, measured;
  const auto count = static_cast<double>(networks.size());
  for (const auto& network : networks) {
    if (!(network.measured_ms > 0 && network.predicted_ms > 0))
      throw InputError(fmt::format("network {} takes {} ms, by the table {} ms", network.network, network.measured_ms,
                                   network.predicted_ms),
                       "both are above 0");
    predicted.push_back(network.predicted_ms);
    measured.push_back(network.measured_ms);
    const double error = 100 * std::abs(network.predicted_ms / network.measured_ms - 1);
    found.mape += error / count;
    found.within_10_percent += error <= 10 ? 100 / count : 0;
  }
  found.kendall_tau = kendall_tau(predicted, measured);
  fit_correction(networks, found);
  for (const auto& network : networks)
    found.corrected_mape +=
        100 * std::abs((found.scale * network.predicted_ms + found.offset_ms) / network.measured_ms - 1) / count;
  return found;
}

std::string validation_svg(const std::vector<NetworkLatency>& networks, const Validation& validation,
                           const std::string& title) {
  constexpr double kSide = 420, kMargin = 60;
  double lowest = networks.front().measured_ms, highest = lowest;
  for (const auto& network : networks) {
    lowest = std::min({lowest, network.measured_ms, network.predicted_ms});
    highest = std::max({highest, network.measured_ms, network.predicted_ms});
  }
  const double room = std::max((highest - lowest) * 0.05, highest * 1e-3);
  lowest -= room;
  highest += room;
  const auto at = [&](double ms) { return kSide * (ms - lowest) / (highest - lowest); };
  const auto x = [&](double ms) { return kMargin + at(ms); };
  const auto y = [&](double ms) { return kMargin + kSide - at(ms); };
  const double size = kSide + 2 * kMargin;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {0}\" width=\"{0}\" height=\"{0}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0}\" height=\"{0}\" fill=\"white\"/>\n",
      size);
  svg += fmt::format("<text x=\"{}\" y=\"24\" font-size=\"14\">{}</text>\n", kMargin, escape_html(title));
  svg += fmt::format("<text x=\"{}\" y=\"42\">mean error {:.1f} %, {:.0f} % within 10 %, Kendall tau {:.2f}</text>\n",
                     kMargin, validation.mape, validation.within_10_percent, validation.kendall_tau);
  svg += fmt::format("<rect x=\"{0}\" y=\"{0}\" width=\"{1}\" height=\"{1}\" fill=\"none\" stroke=\"#888\"/>\n",
                     kMargin, kSide);
  svg += fmt::format("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{2:.1f}\" y2=\"{3:.1f}\" stroke=\"#888\"/>\n", x(lowest),
                     y(lowest), x(highest), y(highest));
  constexpr int kTicks = 4;
  for (int tick = 0; tick <= kTicks; ++tick) {
    const double ms = lowest + (highest - lowest) * tick / kTicks;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.3g}</text>\n", x(ms),
                       kMargin + kSide + 16, ms);
    svg +=
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3g}</text>\n", kMargin - 4, y(ms) + 4, ms);
  }
  svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">measured, ms</text>\n", size / 2,
                     size - kMargin / 2 + 8);
  svg += fmt::format(
      "<text x=\"16\" y=\"{0:.1f}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {0:.1f})\">sum of the table's "
      "rows, "
      "ms</text>\n",
      size / 2);
  for (const auto& network : networks)
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"#3465a4\" "
        "fill-opacity=\"0.6\"><title>{}</title></circle>\n",
        x(network.measured_ms), y(network.predicted_ms),
        escape_html(fmt::format("{}: {:.4g} ms, by the table {:.4g} ms", network.network, network.measured_ms,
                                network.predicted_ms)));
  return svg + "</svg>\n";
}

}  // namespace harmonic
