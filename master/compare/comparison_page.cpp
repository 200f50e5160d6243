#include "master/compare/comparison_page.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "master/compare/comparison_assets.hpp"
#include "master/compare/comparison_tables.hpp"
#include "master/report/model_text.hpp"
#include "master/report/page.hpp"
#include "master/report/plot.hpp"

namespace harmonic {
namespace {

std::string run_name(const ComparedRun& run) {
  return fmt::format("{}  {}", run.letter, run.path);
}

/// Points of a run's front for which both give a value.
template <class X, class Y>
PlotSeries series_of(const ComparedRun& run, X&& x, Y&& y) {
  PlotSeries series{run.letter, {}};
  for (const auto& model : run.results.front) {
    const std::optional<double> cost = x(model), metric = y(model);
    if (cost && metric)
      series.points.push_back({*cost, *metric,
                               fmt::format("run {}, {}", run_name(run), model_tooltip(model, run.results)),
                               fmt::format("{} {}", run.letter, model.id)});
  }
  return series;
}

/// A quantity of a model on a device that its run has.
auto cost_on(const ComparedRun& run, std::size_t quantity, const std::string& device) {
  return [quantity, place = device_place(run.results, device)](const ReportedModel& m) {
    return m.costs[quantity][place];
  };
}

std::string axis_text(std::size_t quantity) {
  return fmt::format("{} ({})", kQuantities[quantity].name, kQuantities[quantity].unit);
}

bool has_points(const OverlayPlot& plot) {
  return std::ranges::any_of(plot.series, [](const PlotSeries& series) { return !series.points.empty(); });
}

/// Validation, by which fronts are chosen, over the costs on every device, and over sizes that fronts are compared in.
std::vector<std::string> front_plots(const Comparison& comparison) {
  std::vector<std::string> plots;
  const auto add = [&](const std::string& title, const std::string& x_label, const auto& x_of) {
    OverlayPlot plot{title, x_label, "validation metric (%)", {}};
    for (const auto& run : comparison.of.runs)
      plot.series.push_back(series_of(run, x_of(run), [](const auto& m) { return std::optional(m.metric_val); }));
    if (has_points(plot)) plots.push_back(to_svg(plot));
  };
  for (const auto& device : comparison.of.devices)
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      add(fmt::format("Fronts: {} on {}", kQuantities[q].name, device), axis_text(q),
          [&](const auto& run) { return cost_on(run, q, device); });
  const auto& columns = comparison.of.axes.columns;
  for (std::size_t s = 0; s < kSizeMeasures.size(); ++s)
    if (std::ranges::find(columns, kSizeMeasures[s].name) != columns.end())
      add(fmt::format("Fronts: {}", kSizeMeasures[s].name), std::string(kSizeMeasures[s].in_millions),
          [s](const auto&) {
            return [s](const ReportedModel& m) { return m.sizes[s] ? std::optional(*m.sizes[s] / 1e6) : std::nullopt; };
          });
  return plots;
}

/// The published rows, as a series behind those of the runs.
PlotSeries published_series(const PublishedTable& table, std::size_t quantity) {
  PlotSeries series{table.name, {}, /*given=*/true};
  for (const auto& row : table.rows)
    series.points.push_back({quantity == kLatency ? row.latency_ms : row.energy_mj, row.metric,
                             fmt::format("published row {} of {}\n{:.2f} %, {:.2f} ms, {:.2f} mJ", row.row, table.name,
                                         row.metric, row.latency_ms, row.energy_mj),
                             std::to_string(row.row)});
  return series;
}

std::vector<std::string> published_plots(const Comparison& comparison) {
  std::vector<std::string> plots;
  if (!comparison.of.published) return plots;
  const auto& [table, device] = *comparison.of.published;
  for (std::size_t q = 0; q < kQuantities.size(); ++q) {
    OverlayPlot plot{fmt::format("Against the published rows: {} on {}", kQuantities[q].name, device),
                     axis_text(q),
                     "test metric (%)",
                     {}};
    for (const auto& run : comparison.of.runs)
      plot.series.push_back(series_of(run, cost_on(run, q, device), [](const auto& m) { return m.metric_test; }));
    plot.series.push_back(published_series(*table, q));
    plots.push_back(to_svg(plot));
  }
  return plots;
}

/// Series and names for legends, in the plots' order.
std::pair<std::vector<PlotSeries>, std::vector<std::string>> legend_of(const Comparison& comparison) {
  std::pair<std::vector<PlotSeries>, std::vector<std::string>> legend;
  for (const auto& run : comparison.of.runs) {
    legend.first.push_back({run.letter, {}});
    legend.second.push_back(run_name(run));
  }
  if (const auto& published = comparison.of.published) {
    legend.first.push_back({published->table->name, {}, /*given=*/true});
    legend.second.push_back(fmt::format("published rows of {}", published->table->name));
  }
  return legend;
}

std::string legend_html(const Comparison& comparison) {
  const auto [series, names] = legend_of(comparison);
  std::string html = "<div class=\"legend\" role=\"group\" aria-label=\"shown in the plots\">";
  for (std::size_t s = 0; s < series.size(); ++s)
    html += fmt::format("<button type=\"button\" aria-pressed=\"true\" data-series=\"{}\">{}{}</button>\n", s,
                        series_symbol(series[s], s), escape_html(names[s]));
  return html + "</div>\n";
}

/// Columns of numbers and dashes stand to the right.
std::string text_table_html(const TextTable& table) {
  const auto is_number = [](std::string text) {
    if (const auto error = text.find(" +/- "); error != std::string::npos) text.erase(error, 5);
    return text.find_first_not_of("0123456789+-.ex") == std::string::npos;
  };
  std::vector<bool> numbers;
  for (std::size_t c = 0; c < table[0].size(); ++c)
    numbers.push_back(std::all_of(table.begin() + 1, table.end(), [&](const auto& row) { return is_number(row[c]); }));
  const auto cells = [&](const std::vector<std::string>& row) {
    std::vector<Cell> made;
    for (std::size_t c = 0; c < row.size(); ++c) made.push_back({escape_html(row[c]), numbers[c]});
    return made;
  };
  std::vector<std::vector<Cell>> rows;
  for (std::size_t r = 1; r < table.size(); ++r) rows.push_back(cells(table[r]));
  return table_html(cells(table[0]), rows);
}

std::string section(const std::string& title, const std::string& note, const std::string& content) {
  return fmt::format("<h2>{}</h2>\n<p class=\"note\">{}</p>\n{}", title, escape_html(note), content);
}

std::string plots_html(const std::vector<std::string>& plots) {
  std::string html = "<div class=\"plots\">\n";
  for (const auto& plot : plots) html += "<div class=\"card\">" + plot + "</div>\n";
  return html + "</div>\n";
}

std::vector<std::string> all_plots(const Comparison& comparison) {
  auto plots = front_plots(comparison);
  const auto more = published_plots(comparison);
  plots.insert(plots.end(), more.begin(), more.end());
  return plots;
}

}  // namespace

std::string comparison_html(const Comparison& comparison) {
  const std::size_t count = comparison.runs.size();
  const auto& devices = comparison.of.devices;
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"sub\">Devices: {}.</p>\n",
                                 count == 1 ? "A run" : fmt::format("{} runs over one another", count),
                                 devices.empty() ? "none that all have" : escape_html(join(devices, ", ")));
  for (const auto& note : comparison.of.notes) body += fmt::format("<p>Note: {}.</p>\n", escape_html(note));
  if (const auto plots = all_plots(comparison); !plots.empty())
    body += fmt::format(
        "<h2>Trade-offs</h2>\n{}{}<div class=\"told\" id=\"told\" role=\"status\">Up and to the left is better. Point "
        "at a "
        "mark, or Tab to a plot and use the arrow keys: left and right along a front, up and down to another run's. A "
        "button above hides a run.</div>\n",
        legend_html(comparison), plots_html(plots));
  body += section("Runs", axes_text(comparison), text_table_html(runs_table(comparison)));
  if (comparison.of.published)
    body += section("Against the published rows", published_text(comparison),
                    text_table_html(headline_table(comparison)) + text_table_html(published_table(comparison)));
  if (count > 1) body += section("Set coverage", coverage_text(), text_table_html(coverage_table(comparison)));
  if (!comparison.seeds.empty())
    body += section("Spread over seeds", "Runs that differ by their seed alone; +/-: half the mean's 95 % interval.",
                    text_table_html(seeds_table(comparison)));
  body += section("The joint front", "Models that none of any run dominates, best validation metric first.",
                  text_table_html(joint_front_table(comparison)));
  return page_html(fmt::format("Harmonic: {} compared", count == 1 ? "a run" : fmt::format("{} runs", count)), body,
                   comparison_style(), comparison_script());
}

std::string comparison_svg(const Comparison& comparison) {
  const auto [series, names] = legend_of(comparison);
  return sheet_svg(all_plots(comparison), series, names);
}

}  // namespace harmonic
