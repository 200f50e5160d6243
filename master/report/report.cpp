#include "master/report/report.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <ranges>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "core/hardware/multi_device.hpp"
#include "core/space/genotype.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/report/evaluations.hpp"
#include "master/report/model_text.hpp"
#include "master/report/page.hpp"
#include "master/report/plot.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {
namespace {

std::string capitalised(std::string_view word) {
  std::string text(word);
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

/// Points of those models for which `x` gives a value.
template <class X>
std::vector<PlotPoint> points_of(const std::vector<ReportedModel>& models, const RunResults& results, X&& x) {
  std::vector<PlotPoint> points;
  for (const auto& model : models)
    if (const std::optional<double> value = x(model))
      points.push_back({*value, model.metric_val, model_tooltip(model, results)});
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

std::string report_html(const RunResults& results, const std::string& title, const std::string& more) {
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
  body += more + failures(results) + settings(results);
  return page_html(title, body);
}

std::filesystem::path write_report(const std::filesystem::path& run_directory) {
  const RunResults results = load_run_results(run_directory);
  const std::string name = std::filesystem::weakly_canonical(run_directory).filename().string();
  auto path = run_directory / "report.html";
  const auto evaluations = evaluations_html(RunPaths{run_directory}.models());
  replace_file(path, report_html(results, "Harmonic search: " + name, evaluations));
  return path;
}

}  // namespace harmonic
