#include "master/report/device_comparison.hpp"

#include <algorithm>
#include <ranges>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "master/report/model_text.hpp"
#include "master/report/page.hpp"

namespace harmonic {

std::string device_comparison(const RunResults& results) {
  if (results.devices.size() < 2) return {};
  constexpr double kWithin = 1.0;  // percentage points
  const double best = std::ranges::max(results.candidates, {}, &ReportedModel::metric_val).metric_val;
  std::vector<const ReportedModel*> good;
  const auto known_everywhere = [](const ReportedModel& model) {
    return std::ranges::all_of(model.costs[kLatency], [](const auto& latency) { return latency.has_value(); });
  };
  for (const auto& model : results.candidates)
    if (model.metric_val >= best - kWithin && known_everywhere(model)) good.push_back(&model);
  if (good.empty()) return {};
  std::vector<const ReportedModel*> optimum;  // [device]
  for (std::size_t d = 0; d < results.devices.size(); ++d)
    optimum.push_back(
        *std::ranges::min_element(good, {}, [d](const ReportedModel* m) { return m->costs[kLatency][d]; }));

  std::vector<Cell> header = {{"fastest on"}, {"model"}, {"val %", true}};
  for (const auto& device : results.devices) header.push_back({"on " + escape_html(device), true});
  std::vector<std::vector<Cell>> rows;
  for (std::size_t d = 0; d < results.devices.size(); ++d) {
    const ReportedModel& model = *optimum[d];
    std::vector<Cell> row = {
        {escape_html(results.devices[d])}, {escape_html(model.id)}, {fmt::format("{:.2f}", model.metric_val), true}};
    for (std::size_t other = 0; other < results.devices.size(); ++other) {
      const double there = model.costs[kLatency][other].value();
      const double could = optimum[other]->costs[kLatency][other].value();
      row.push_back(
          {fmt::format("{} ms{}", cost_text(there),
                       other == d || could == 0 ? "" : fmt::format(" ({:+.0f} %)", 100 * (there / could - 1))),
           true, other == d});
    }
    rows.push_back(std::move(row));
  }
  return fmt::format(
             "<h2 id=\"devices\">One device's best on the others</h2>\n<p class=\"note\">Of the models within {} "
             "percentage point of "
             "the "
             "best validation metric, the fastest on each device, and how much slower it is elsewhere than that "
             "device's own fastest.</p>\n",
             kWithin) +
         table_html(header, rows);
}

}  // namespace harmonic
