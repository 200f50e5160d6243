#include "master/report/trade_offs.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/hardware/multi_device.hpp"
#include "master/report/model_text.hpp"
#include "master/report/plot.hpp"

namespace harmonic {
namespace {

std::string capitalised(std::string_view word) {
  std::string text(word);
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

/// Points of those models for which `x` gives a value, from left to right. @param told with what there is to say of
/// each
template <class X>
std::vector<PlotPoint> points_of(const std::vector<const ReportedModel*>& models, const RunResults& results, bool told,
                                 X&& x) {
  std::vector<PlotPoint> points;
  for (const auto* model : models)
    if (const std::optional<double> value = x(*model))
      points.push_back({*value, model->metric_val, told ? model_tooltip(*model, results) : "", model->id});
  std::ranges::stable_sort(points, {}, &PlotPoint::x);
  return points;
}

/// What the page's script makes of the run's data; without it there is nothing to see.
constexpr std::string_view kExplorer = R"html(<div id="explorer" hidden>
<h2>Any two columns</h2>
<p class="choice"><label>across <select id="across"></select></label> <label>up <select id="up"></select></label></p>
<div class="plots"><div class="card"><svg class="plot" id="explored" viewBox="0 0 560 340" role="group" aria-label="Two columns over one another"></svg></div></div>
<h2>All columns at once</h2>
<p class="note">A line a model, better to the right. The front's lines are marked and differ by their dashes and shapes; the thin ones are models that others dominate.</p>
<div class="card"><svg class="plot wide" id="parallel" role="group" aria-label="All columns at once"></svg></div>
</div>
)html";
constexpr std::string_view kTold =
    "<div class=\"told\" id=\"told\" role=\"status\" hidden>Point at a mark, or Tab to a plot and use the arrow keys: "
    "left "
    "and right along the front, down to a model that others dominate and up again. Enter or a click shows the "
    "model.</div>\n";

/// A mark as the plots draw it.
std::string legend_symbol(std::string_view kind) {
  return fmt::format("<svg class=\"plot symbol\" viewBox=\"-9 -9 18 18\" aria-hidden=\"true\">{}</svg>",
                     kind == "strong" ? "<path class=\"strong\" d=\"M0 -6.4l6.4 6.4l-6.4 6.4l-6.4 -6.4z\"/>"
                                      : "<circle class=\"faint\" r=\"4\"/>");
}

}  // namespace

std::string trade_offs(const RunResults& results, const ShownModels& shown) {
  std::string html = fmt::format(
      "<h2 id=\"trade-offs\">Trade-offs</h2>\n<div class=\"legend\"><span>{}front</span><span>{}model that others "
      "dominate</span><span>up and to the left is better; ▾ lies below the axis</span></div>\n{}<div "
      "class=\"plots\">\n",
      legend_symbol("strong"), legend_symbol("faint"),
      shown.note().empty() ? "" : fmt::format("<p class=\"note\">{}</p>\n", shown.note()));
  const auto add = [&](const std::string& title, const std::string& x_label, const auto& x) {
    ScatterPlot plot{title, x_label, "validation metric (%)", points_of(shown.dominated, results, /*told=*/false, x),
                     points_of(shown.front, results, /*told=*/true, x)};
    if (!plot.faint.empty() || !plot.strong.empty()) html += "<div class=\"card\">" + to_svg(plot) + "</div>\n";
  };
  for (std::size_t d = 0; d < results.devices.size(); ++d)
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      add(fmt::format("{} on {}", capitalised(kQuantities[q].name), results.devices[d]),
          fmt::format("{} ({})", kQuantities[q].name, kQuantities[q].unit),
          [q, d](const ReportedModel& m) { return m.costs[q][d]; });
  if (results.devices.size() > 1) {
    const std::string how = results.setting("hardware", "aggregate");
    const std::string& suffix = how.empty() || how == word_of(kAggregates, Aggregate::each)
                                    ? word_of(kAggregates, Aggregate::mean)  // what the CSVs hold then, too
                                    : how;
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      add(fmt::format("{} over the devices ({})", capitalised(kQuantities[q].name), suffix),
          fmt::format("{} (multiples of the smallest network's)", kQuantities[q].name),
          [q](const ReportedModel& m) { return m.aggregates[q]; });
  }
  for (const auto& objective : results.objectives())
    if (const auto* size = std::get_if<double ModelSize::*>(&objective)) {
      const std::string name(std::ranges::find(kSizeMeasures, *size, &SizeMeasure::value)->in_millions);
      add(name + " of the whole model", name, [&objective](const ReportedModel& m) {
        const auto value = RunResults::value(objective, m);
        return value ? std::optional(*value / 1e6) : std::nullopt;
      });
    }
  return fmt::format("{}</div>\n{}{}", html, kExplorer, kTold);
}

}  // namespace harmonic
