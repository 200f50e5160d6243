#include "master/report/report.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <ranges>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/space/genotype.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/report/plot.hpp"

namespace harmonic {
namespace {

constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark;
  --surface: #fcfcfb; --card: #ffffff; --ink: #16181d; --muted: #667080; --grid: #e6e8ec; --faint: #8a94a3;
  --accent: #1f6fd0; --mark: #e8f0fb; }
@media (prefers-color-scheme: dark) { :root {
  --surface: #14161a; --card: #1b1e24; --ink: #e8eaee; --muted: #98a2b1; --grid: #2c313a; --faint: #7d8796;
  --accent: #6aa9f5; --mark: #20304a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--surface); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1560px; margin: 0 auto; padding: 32px 24px 64px; }
h1, h2, p, summary { overflow-wrap: anywhere; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 40px 0 12px; }
p { margin: 0 0 12px; max-width: 75ch; }
.sub, .note { color: var(--muted); }
.note { font-size: 13px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 24px 0 0; }
.tile, .card { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; }
.tile, .card { min-width: 0; }
.tile { padding: 12px; overflow-wrap: anywhere; }
.tile b { display: block; font-size: 18px; line-height: 1.5; font-weight: 600; }
.tile span { color: var(--muted); font-size: 13px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 16px; }
.card { padding: 8px; }
.plot { display: block; width: 100%; height: auto; }
.plot text { fill: var(--muted); font-size: 12px; font-family: inherit; font-variant-numeric: tabular-nums; }
.plot .plot-title { fill: var(--ink); font-size: 14px; font-weight: 600; }
.plot .grid { stroke: var(--grid); }
.plot .axis { stroke: var(--muted); }
.plot .faint { fill: var(--faint); fill-opacity: 0.45; }
.plot .strong { fill: var(--accent); stroke: var(--card); stroke-width: 1.5; }
.plot .strong:hover, .plot .faint:hover { stroke: var(--ink); stroke-width: 1.5; }
.plot .stair, .plot .line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
.plot .stair { stroke-opacity: 0.6; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; color: var(--muted); font-size: 13px; margin: 0 0 12px; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 6px; background: var(--accent); }
.legend i.all { background: var(--faint); opacity: 0.6; }
/* Should a table be wider than its card all the same, shadows tell at which side there is more. */
.scroll { overflow-x: auto; background:
  linear-gradient(to right, var(--card) 40%, transparent) left / 40px 100% no-repeat local,
  linear-gradient(to left, var(--card) 40%, transparent) right / 40px 100% no-repeat local,
  linear-gradient(to right, var(--muted), transparent) left / 14px 100% no-repeat scroll,
  linear-gradient(to left, var(--muted), transparent) right / 14px 100% no-repeat scroll, var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 7px 10px; text-align: left; border-bottom: 1px solid var(--grid); vertical-align: top;
  overflow-wrap: anywhere; }
tr:last-child td { border-bottom: 0; }
th { color: var(--muted); font-weight: 600; vertical-align: bottom; overflow-wrap: normal; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
td.best { background: var(--mark); font-weight: 600; }
code { font: 12px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
td code { display: block; min-width: 15ch; }
details { margin-top: 8px; }
summary { cursor: pointer; font-weight: 600; padding: 6px 0; }
@media (max-width: 600px) { main { padding: 20px 12px 40px; }
  .plot text { font-size: 15px; } .plot .plot-title { font-size: 17px; } }
)css";

/// Of a table whose rows become cards on screens that are too narrow for its columns side by side.
constexpr std::string_view kStacked = R"css(
  .STACK thead { display: none; }
  .STACK, .STACK tbody { display: block; }
  .STACK tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); padding: 8px 0;
    border-bottom: 1px solid var(--grid); }
  .STACK tr:last-child { border-bottom: 0; }
  .STACK td, .STACK td.n { border: 0; padding: 4px 8px; text-align: left; white-space: normal; }
  .STACK td::before { content: attr(data-label); display: block; color: var(--muted); font-size: 12px; font-weight: 400; }
  .STACK td.long { grid-column: 1 / -1; }
)css";

/// Widths of screens, pixels, below which a table's rows become cards: the least that its columns need is taken.
constexpr std::array kStackBelow = {480, 700, 900, 1100, 1300, 1560};

/// kStacked for every one of kStackBelow, and for a table that no screen is wide enough for.
std::string stack_styles() {
  const auto of = [](const std::string& name) {
    std::string css(kStacked);
    for (auto at = css.find("STACK"); at != std::string::npos; at = css.find("STACK", at)) css.replace(at, 5, name);
    return css;
  };
  std::string styles;
  for (const int width : kStackBelow)
    styles += fmt::format("@media (max-width: {}px) {{{}}}\n", width, of(fmt::format("stack-{}", width)));
  return styles + of("stack");
}

std::string optional_text(const std::optional<double>& value, int decimals, const char* unit = "") {
  return value ? fmt::format("{:.{}f}{}", *value, decimals, unit) : std::string("–");
}

/// "97.30 ± 0.41"
std::string metric_text(const std::optional<double>& percent, const std::optional<double>& standard_error) {
  return optional_text(percent, 2) + (standard_error ? fmt::format(" ± {:.2f}", *standard_error) : "");
}

std::string cost_text(const std::optional<double>& value) {
  return optional_text(value, 3);
}

struct Cell {
  std::string html;
  bool number = false;
  bool best = false;
};

/// What a cell shows, about, in letters: its markup and entities count for little.
std::size_t letters(std::string_view html) {
  std::size_t count = 0;
  bool inside = false;
  for (const char letter : html) {
    inside = letter == '<' || (inside && letter != '>');
    if (!inside && letter != '>' && (static_cast<unsigned char>(letter) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

/// The class that says below which width of the screen the rows of a table become cards: what its columns need side by
/// side, by the letters of cells that do not wrap and of the longest words of those that do.
std::string stack_class(const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows) {
  constexpr double kLetter = 8, kCellPadding = 20, kPage = 80;  // pixels: of a digit, of a cell, around a table
  constexpr std::size_t kWrapped = 15;                          // letters that texts need at least
  double width = kPage;
  for (std::size_t c = 0; c < header.size(); ++c) {
    std::size_t most = 0;
    for (const auto& word : split(header[c].html, ' ')) most = std::max(most, letters(word));
    for (const auto& row : rows) {
      const auto length = letters(row[c].html);
      most = std::max(most, row[c].number ? length : std::min(length, kWrapped));
    }
    width += static_cast<double>(most) * kLetter + kCellPadding;
  }
  for (const int below : kStackBelow)
    if (width <= below) return fmt::format("stack-{}", below);
  return "stack";
}

std::string table_html(const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows) {
  constexpr std::size_t kLong = 24;  // letters of a cell that gets a line of its own in a card
  std::string html =
      fmt::format("<div class=\"card scroll\"><table class=\"{}\">\n<thead><tr>", stack_class(header, rows));
  for (const auto& cell : header) html += fmt::format("<th{}>{}</th>", cell.number ? " class=\"n\"" : "", cell.html);
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    html += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c)
      html += fmt::format("<td class=\"{}{}{}\" data-label=\"{}\">{}</td>", row[c].number ? "n" : "",
                          row[c].best ? " best" : "", letters(row[c].html) > kLong ? " long" : "", header[c].html,
                          row[c].html);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string millions(const std::optional<double>& value) {
  return value ? fmt::format("{:.2f}", *value / 1e6) : "–";
}

std::string capitalised(std::string_view word) {
  std::string text(word);
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

std::string tooltip(const ReportedModel& model, const RunResults& results) {
  std::string text =
      fmt::format("model {} (generation {})\nvalidation {:.2f} %", model.id, model.generation, model.metric_val);
  if (model.metric_test) text += fmt::format(", test {:.2f} %", *model.metric_test);
  for (std::size_t d = 0; d < results.devices.size(); ++d) {
    std::vector<std::string> costs;
    for (std::size_t q = 0; q < kQuantities.size(); ++q)
      costs.push_back(fmt::format("{} {}", cost_text(model.costs[q][d]), kQuantities[q].unit));
    text += fmt::format("\n{}: {}", results.devices[d], join(costs, ", "));
  }
  std::vector<std::string> sizes;
  for (std::size_t s = 0; s < kSizeMeasures.size(); ++s)
    sizes.push_back(fmt::format("{} {}", millions(model.sizes[s]), kSizeMeasures[s].in_millions));
  text += fmt::format("\n{}", join(sizes, ", "));
  text += model.is_late_fusion() ? fmt::format("\n{}", model.genotype)
                                 : fmt::format("\n{} cells x {} nodes: {}", model.cells, model.nodes, model.genotype);
  for (std::size_t m = 0; m < results.modalities.size(); ++m)
    text += fmt::format("\n{}: {}", results.modalities[m], model.genomes[m]);
  return text;
}

/// Points of those models for which `x` gives a value.
template <class X>
std::vector<PlotPoint> points_of(const std::vector<ReportedModel>& models, const RunResults& results, X&& x) {
  std::vector<PlotPoint> points;
  for (const auto& model : models)
    if (const std::optional<double> value = x(model))
      points.push_back({*value, model.metric_val, tooltip(model, results)});
  return points;
}

std::string trade_offs(const RunResults& results) {
  std::string html =
      "<h2>Trade-offs</h2>\n<div class=\"legend\"><span><i></i>front</span><span><i class=\"all\"></i>every model "
      "scored"
      "</span><span>up and to the left is better; ▾ lies below the axis; point at a mark for its "
      "model</span></div>\n<div class=\"plots\">\n";
  const auto add = [&](const std::string& title, const std::string& x_label, const auto& x) {
    ScatterPlot plot{title, x_label, "validation metric (%)", points_of(results.candidates, results, x),
                     points_of(results.front, results, x)};
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
  return html + "</div>\n";
}

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

std::string front_table(const RunResults& results) {
  const auto& front = results.front;
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
    std::vector<Cell> row = {{escape_html(model.id)},
                             {std::to_string(model.generation), true},
                             {metric_text(model.metric_val, model.metric_val_se), true,
                              model.metric_val == most(&ReportedModel::metric_val)},
                             {metric_text(model.metric_test, model.metric_test_se), true,
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
  return fmt::format("<h2>The front</h2>\n<p class=\"note\">{}</p>\n{}{}", note, table_html(header, rows),
                     winners_curse(results));
}

/// As it was when each generation ended.
std::string hypervolume_plot(const HypervolumeFile& file) {
  LinePlot volume{"Hypervolume so far", "generation", "hypervolume (share of the last one, %)", {}};
  const double last = file.rows.back().hypervolume;
  for (const auto& row : file.rows) {
    const double share = last > 0 ? 100 * row.hypervolume / last : 100;
    volume.points.push_back({double(row.generation), share,
                             fmt::format("generation {}: {:.6g} ({:.1f} %)", row.generation, row.hypervolume, share)});
  }
  return to_svg(volume);
}

std::string progress(const RunResults& results) {
  std::map<int, std::vector<const ReportedModel*>> generations;
  for (const auto& model : results.candidates) generations[model.generation].push_back(&model);
  LinePlot best{"Best validation metric so far", "generation", "validation metric (%)", {}};
  double highest = 0;
  std::size_t models = 0;
  for (const auto& [generation, members] : generations) {
    for (const auto* model : members) highest = std::max(highest, model->metric_val);
    models += members.size();
    best.points.push_back({double(generation), highest,
                           fmt::format("generation {}: {:.2f} %, {} models so far", generation, highest, models)});
  }
  const auto& volumes = results.hypervolumes;
  const std::string note =
      volumes ? fmt::format(
                    "Hypervolume {:.6g}: the volume between the front and the reference, which the settings "
                    "alone decide: {}. log.txt and hypervolume.csv tell the same, and harmonic pareto of the "
                    "run's CSVs.",
                    volumes->rows.back().hypervolume, escape_html(volumes->axes.text()))
              : "This run has kept no hypervolumes (hypervolume.csv).";
  return fmt::format(
      "<h2>Progress</h2>\n<p class=\"note\">{}</p>\n<div class=\"plots\"><div class=\"card\">{}</div>{}</div>\n", note,
      to_svg(best), volumes ? fmt::format("<div class=\"card\">{}</div>", hypervolume_plot(*volumes)) : "");
}

/// What the best choice for one device alone would cost on the others.
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
             "<h2>One device's best on the others</h2>\n<p class=\"note\">Of the models within {} percentage point of "
             "the "
             "best validation metric, the fastest on each device, and how much slower it is elsewhere than that "
             "device's own fastest.</p>\n",
             kWithin) +
         table_html(header, rows);
}

std::string protocol_text(const std::optional<Protocol>& protocol) {
  if (!protocol) return "Protocol: not recorded.";
  const auto sentence = [](Protocol p) -> std::string_view {
    switch (p) {
      case Protocol::published:
        return "as in the published code, the architecture is chosen on the test split and the mixed network is "
               "reported. For comparison with published numbers only.";
      case Protocol::honest:
        break;
    }
    return "weights are trained on the training split, the architecture is chosen on the validation split, the "
           "discrete "
           "network is retrained and reported, and the test split is read once, for the front.";
  };
  return fmt::format("Protocol <b>{}</b>: {}", word_of(kProtocols, *protocol), sentence(*protocol));
}

std::string tile(const std::string& value, const std::string& label) {
  return fmt::format("<div class=\"tile\"><b>{}</b><span>{}</span></div>\n", value, escape_html(label));
}

std::string tiles(const RunResults& results) {
  std::string html = "<div class=\"tiles\">\n";
  const int generations = std::ranges::max(results.candidates, {}, &ReportedModel::generation).generation;
  html += tile(std::to_string(results.candidates.size()), fmt::format("models scored in {} generations", generations));
  html += tile(std::to_string(results.front.size()), "models on the front");
  if (!results.front.empty()) {
    html += tile(fmt::format("{:.2f} %", results.front.front().metric_val), "best validation metric");
    const auto best_test = std::ranges::max(results.front | std::views::transform(&ReportedModel::metric_test));
    if (best_test) html += tile(optional_text(best_test, 2, " %"), "best test metric on the front");
    for (std::size_t d = 0; d < results.devices.size(); ++d) {
      std::vector<double> known;
      for (const auto& model : results.front)
        if (const auto& latency = model.costs[kLatency][d]) known.push_back(*latency);
      if (known.empty()) continue;
      const auto [low, high] = std::ranges::minmax(known);
      html += tile(fmt::format("{} – {}", cost_text(low), cost_text(high)),
                   fmt::format("ms on {}, front", results.devices[d]));
    }
  }
  double seconds = 0;
  for (const auto& model : results.candidates) seconds += model.seconds.value_or(0);
  if (seconds > 0) html += tile(human_duration(seconds), "of fusion searches, all workers together");
  return html + "</div>\n";
}

std::string counted(std::size_t n, const char* one, const char* many) {
  return n == 1 ? fmt::format("one {}", one) : fmt::format("{} {}", n, many);
}

/// Workers that the run ended, or goes on, without.
std::string lost_workers(const RunResults& results) {
  if (results.lost.empty()) return {};
  std::vector<std::vector<Cell>> rows;
  for (const auto& worker : results.lost)
    rows.push_back(
        {{std::to_string(worker.rank.value), true}, {escape_html(worker.host)}, {escape_html(worker.reason)}});
  return fmt::format("<p class=\"note\">The run is without {}.</p>\n",
                     counted(results.lost.size(), "worker", "workers")) +
         table_html({{"rank", true}, {"host"}, {"reason"}}, rows);
}

/// What workers could not do: which, where, why. The latest of very many.
std::string failed_work(const RunResults& results) {
  constexpr std::size_t kMost = 200;
  const auto& all = results.failures;
  if (all.empty()) return {};
  const std::size_t shown = std::min(all.size(), kMost);
  const auto for_good = static_cast<std::size_t>(std::ranges::count_if(all, &ReportedFailure::for_good));
  std::vector<std::vector<Cell>> rows;
  for (const auto& failure : all | std::views::drop(all.size() - shown))
    rows.push_back({{escape_html(failure.time)},
                    {fmt::format("{}<code>{}</code>", escape_html(failure.work), escape_html(failure.genome))},
                    {escape_html(failure.rank), true},
                    {escape_html(failure.host)},
                    {escape_html(failure.kind)},
                    {escape_html(failure.reason)}});
  return fmt::format(
             "<p class=\"note\">Of {} in failures.csv {} a piece of work that failed for good; the others are tries "
             "that "
             "were repeated, and workers that were lost or set aside{}.</p>\n",
             counted(all.size(), "row", "rows"), for_good == 1 ? "one tells of" : fmt::format("{} tell of", for_good),
             shown < all.size() ? fmt::format("; the last {} are shown", shown) : "") +
         table_html({{"time"}, {"work"}, {"rank", true}, {"host"}, {"kind"}, {"reason"}}, rows);
}

std::string failures(const RunResults& results) {
  const auto text = lost_workers(results) + failed_work(results);
  return text.empty() ? text : "<h2>Failures</h2>\n" + text;
}

std::string settings(const RunResults& results) {
  std::string html = "<h2>Settings</h2>\n";
  for (const auto& section : results.settings) {
    std::vector<std::vector<Cell>> rows;
    for (const auto& [key, value, line] : section.entries)
      rows.push_back({{escape_html(key)}, {fmt::format("<code>{}</code>", escape_html(value))}});
    html += fmt::format("<details{}><summary>{}</summary>{}</details>\n",
                        section.name == "run" || section.name == "hardware" ? " open" : "", escape_html(section.name),
                        table_html({{"setting"}, {"value"}}, rows));
  }
  return html;
}

}  // namespace

std::string report_html(const RunResults& results, const std::string& title) {
  std::string body = fmt::format("<h1>{}</h1>\n<p class=\"sub\">Modalities: {}. Devices: {}.</p>\n<p>{}</p>\n",
                                 escape_html(title), escape_html(join(results.modalities, ", ")),
                                 escape_html(join(results.devices, ", ")), protocol_text(results.protocol));
  if (results.candidates.empty()) {
    body += "<p>No model has been scored yet.</p>\n";
  } else {
    body += tiles(results) + trade_offs(results);
    if (!results.front.empty()) body += front_table(results);
    body += device_comparison(results) + progress(results);
  }
  body += failures(results) + settings(results);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
      escape_html(title), std::string(kStyle) + stack_styles(), body);
}

std::filesystem::path write_report(const std::filesystem::path& run_directory) {
  const RunResults results = load_run_results(run_directory);
  const std::string name = std::filesystem::weakly_canonical(run_directory).filename().string();
  auto path = run_directory / "report.html";
  replace_file(path, report_html(results, "Harmonic search: " + name));
  return path;
}

}  // namespace harmonic
