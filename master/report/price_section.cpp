#include "master/report/price_section.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "master/models/prices.hpp"
#include "master/report/model_text.hpp"
#include "master/report/page.hpp"

namespace harmonic {
namespace {

/// Models whose cost is known, and above 0, on every device.
std::vector<PricedModel> priced_models(const RunResults& results, std::size_t quantity) {
  std::vector<PricedModel> models;
  for (const auto& candidate : results.candidates) {
    PricedModel model{candidate.id, candidate.metric_val, {}};
    for (const auto& cost : candidate.costs[quantity])
      if (cost && *cost > 0) model.costs.push_back(*cost);
    if (model.costs.size() == results.devices.size()) models.push_back(std::move(model));
  }
  return models;
}

std::string more(double ratio) {
  return fmt::format("{:+.1f} %", 100 * (ratio - 1));
}

std::string price_table(const RunResults& results, std::size_t quantity) {
  const auto models = priced_models(results, quantity);
  if (models.empty()) return {};
  const auto& unit = kQuantities[quantity].unit;
  std::vector<Cell> header = {{"at least"}, {"one for all"}, {"model"}, {"val %", true}};
  for (const auto& device : results.devices)
    header.push_back({fmt::format("{} on {}, and its own best", unit, escape_html(device)), true});
  header.push_back({"on average", true});
  header.push_back({"at worst", true});
  std::vector<std::vector<Cell>> rows;
  for (const auto& price : price_list(models, usual_levels(models))) {
    const auto& model = models[price.model];
    std::vector<Cell> row = {{fmt::format("{:.2f} %", price.level)},
                             {price.choice == Price::Choice::mean ? "on average" : "at worst"},
                             {escape_html(model.id)},
                             {fmt::format("{:.2f}", model.metric), true}};
    for (std::size_t d = 0; d < results.devices.size(); ++d) {
      const auto& own = models[price.own[d]];
      row.push_back({fmt::format("{} – {} (model {}): {}", cost_text(model.costs[d]), cost_text(own.costs[d]),
                                 escape_html(own.id), more(price.ratios[d])),
                     true, price.own[d] == price.model});
    }
    row.push_back({more(price.mean), true});
    row.push_back({more(price.worst), true});
    rows.push_back(std::move(row));
  }
  return fmt::format("<h3>In {}</h3>\n{}", kQuantities[quantity].name, table_html(header, rows));
}

}  // namespace

std::string price_section(const RunResults& results) {
  if (results.devices.size() < 2) return {};
  std::string tables;
  for (std::size_t q = 0; q < kQuantities.size(); ++q) tables += price_table(results, q);
  if (tables.empty()) return {};
  return "<h2 id=\"prices\">What one network for all devices costs each</h2>\n<p class=\"note\">Of all models that "
         "reach "
         "a validation metric, the one that is nearest to every device's own best on average, and the one that is "
         "nearest at worst; beside its cost on a device is that of the device's own best whose metric is no "
         "less.</p>\n" +
         tables;
}

}  // namespace harmonic
