#include "master/report/front_section.hpp"

#include <algorithm>
#include <ranges>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/space/genotype.hpp"
#include "master/report/model_cards.hpp"
#include "master/report/model_text.hpp"
#include "master/report/page.hpp"

namespace harmonic {
namespace {

/// How far validation, by which the front was chosen, is above test, which chose nothing: by the mean of each model's
/// retrainings, and by its first alone.
std::string winners_curse(const RunResults& results) {
  double above = 0, first_above = 0;
  int tested = 0, retrained = 0;
  for (const auto& model : results.front) {
    if (!model.metric_test) continue;
    ++tested;
    above += model.metric_val - *model.metric_test;
    if (!model.metric_val_first) continue;
    ++retrained;
    first_above += *model.metric_val_first - *model.metric_test;
  }
  if (tested == 0) return {};
  std::string text =
      fmt::format("Winner's curse: over the front validation is {:+.2f} points from test", above / tested);
  if (retrained == tested)
    text += fmt::format("; their first retrainings were {:+.2f} from it", first_above / retrained);
  return fmt::format("<p class=\"note\">{}.</p>\n", text);
}

/// To its parts, further down.
std::string link_to(const ReportedModel& model) {
  const auto id = escape_html(model.id);
  return fmt::format("<a href=\"#{}\">{}</a>", escape_html(model_anchor(model)), id);
}

}  // namespace

std::string front_section(const RunResults& results) {
  const auto& front = results.front;
  if (front.empty()) return {};
  const bool has_late = std::ranges::any_of(results.candidates, &ReportedModel::is_late_fusion);
  std::vector<Cell> header = {{"model"}, {"gen.", true}, {"val %", true}, {"test %", true}};
  if (has_late) header.insert(header.begin() + 3, {"late %", true});
  for (const auto& device : results.devices)
    for (const auto& quantity : kQuantities)
      header.push_back({fmt::format("{} {}", escape_html(device), quantity.unit), true});
  for (const auto& measure : kSizeMeasures) header.push_back({std::string(measure.in_millions), true});
  header.insert(header.end(), {{"cells × nodes", true}, {"fusion"}, {"backbones"}});
  const auto is_least = [&](const auto& value, const ReportedModel& model) {
    return value(model) && value(model) == std::ranges::min(front | std::views::transform(value));
  };
  const auto most = [&](const auto& value) { return std::ranges::max(front | std::views::transform(value)); };
  std::vector<std::vector<Cell>> rows;
  for (const auto& model : front) {
    std::vector<Cell> row = {{link_to(model)},
                             {std::to_string(model.generation), true},
                             {percent_text(model.metric_val, model.metric_val_se), true,
                              model.metric_val == most(&ReportedModel::metric_val)},
                             {percent_text(model.metric_test, model.metric_test_se), true,
                              model.metric_test && model.metric_test == most(&ReportedModel::metric_test)}};
    if (has_late) row.insert(row.begin() + 3, {optional_text(results.late_fusion(model), 2), true});
    for (std::size_t d = 0; d < results.devices.size(); ++d)
      for (std::size_t q = 0; q < kQuantities.size(); ++q) {
        const auto cost = [q, d](const ReportedModel& m) { return m.costs[q][d]; };
        row.push_back({cost_text(cost(model)), true, is_least(cost, model)});
      }
    for (std::size_t s = 0; s < kSizeMeasures.size(); ++s) {
      const auto size = [s](const ReportedModel& m) { return m.sizes[s]; };
      row.push_back({millions(size(model)), true, is_least(size, model)});
    }
    row.push_back(
        {model.is_late_fusion() ? "–" : fmt::format("{} × {}", escape_html(model.cells), escape_html(model.nodes)),
         true});
    row.push_back({fmt::format("<code>{}</code>", escape_html(model.genotype))});
    std::string backbones;
    for (std::size_t m = 0; m < results.modalities.size(); ++m)
      backbones +=
          fmt::format("<code>{}: {}</code>", escape_html(results.modalities[m]), escape_html(model.genomes[m]));
    row.push_back({backbones});
    rows.push_back(std::move(row));
  }
  std::string note =
      "Models that no other one beats in everything at once, best validation metric first; the best of each column is "
      "marked. After ±: the standard error.";
  if (has_late)
    note +=
        " Late %: validation metric of the best late fusion of the same backbones (their log-probabilities added, "
        "or a linear layer on their logits or last maps), which a fusion network has to beat.";
  note += " " + escape_html(kGenotypeNotation) + " harmonic show draws a model.";
  return fmt::format("<h2 id=\"front\">The front</h2>\n<p class=\"note\">{}</p>\n{}{}", note, table_html(header, rows),
                     winners_curse(results));
}

}  // namespace harmonic
