#include "master/report/device_comparison.hpp"

#include <algorithm>
#include <numeric>
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

  /// How much slower than each device's own fastest; 1 where nothing could be faster.
  const auto ratios = [&](const ReportedModel& model) {
    std::vector<double> all;
    for (std::size_t d = 0; d < optimum.size(); ++d) {
      const double could = optimum[d]->costs[kLatency][d].value();
      all.push_back(could == 0 ? 1 : model.costs[kLatency][d].value() / could);
    }
    return all;
  };
  const auto mean = [&](const ReportedModel* model) {
    const auto all = ratios(*model);
    return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
  };
  const auto worst = [&](const ReportedModel* model) { return std::ranges::max(ratios(*model)); };

  std::vector<Cell> header = {{"fastest on"}, {"model"}, {"val %", true}};
  for (const auto& device : results.devices) header.push_back({"on " + escape_html(device), true});
  header.push_back({"on average", true});
  header.push_back({"at worst", true});
  std::vector<std::vector<Cell>> rows;
  const auto add = [&](const std::string& what, const ReportedModel* model) {
    std::vector<Cell> row = {{what}, {escape_html(model->id)}, {fmt::format("{:.2f}", model->metric_val), true}};
    const auto slower = ratios(*model);
    for (std::size_t d = 0; d < results.devices.size(); ++d)
      row.push_back({fmt::format("{} ms{}", cost_text(model->costs[kLatency][d].value()),
                                 optimum[d] == model ? "" : fmt::format(" ({:+.0f} %)", 100 * (slower[d] - 1))),
                     true, optimum[d] == model});
    row.push_back({fmt::format("{:+.1f} %", 100 * (mean(model) - 1)), true});
    row.push_back({fmt::format("{:+.1f} %", 100 * (worst(model) - 1)), true});
    rows.push_back(std::move(row));
  };
  for (std::size_t d = 0; d < results.devices.size(); ++d) add(escape_html(results.devices[d]), optimum[d]);
  add("all, on average", *std::ranges::min_element(good, {}, mean));
  add("all, at worst", *std::ranges::min_element(good, {}, worst));
  return fmt::format(
             "<h2 id=\"devices\">One device's best on the others</h2>\n<p class=\"note\">Of the models within {} "
             "percentage point of "
             "the "
             "best validation metric, the fastest on each device and the nearest to that on all of them, and how much "
             "slower each is than a device's own fastest.</p>\n",
             kWithin) +
         table_html(header, rows);
}

}  // namespace harmonic
