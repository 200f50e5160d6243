#include "master/report/progress_section.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "master/report/plot.hpp"
#include "master/report/run_clock.hpp"

namespace harmonic {
namespace {

std::string best_metric_plot(const RunResults& results) {
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
  return to_svg(best);
}

/// When each generation ended first, by its number, in seconds of the run: a job that goes on comes by it again.
std::map<int, double> generation_ends(const RunResults& results) {
  const RunClock clock(results.timeline);
  std::map<int, double> ends;
  for (const auto& row : results.timeline)
    if (row.kind == TimelineKind::generation) ends.emplace(std::atoi(row.about.c_str()), clock(row.ended_s));
  return ends;
}

/// Over whatever `x` says of a row; rows of which it says nothing are left out. Empty where there are none.
template <class X>
std::string hypervolume_plot(const HypervolumeFile& file, const std::string& title, const std::string& x_label,
                             bool whole_x, X&& x) {
  LinePlot volume{title, x_label, "share of the last one (%)", {}, whole_x};
  const double last = file.rows.back().hypervolume;
  for (const auto& row : file.rows) {
    const std::optional<double> at = x(row);
    if (!at) continue;
    const double share = last > 0 ? 100 * row.hypervolume / last : 100;
    volume.points.push_back({*at, share,
                             fmt::format("generation {}: {:.6g} ({:.1f} %), {} models scored", row.generation,
                                         row.hypervolume, share, row.models)});
  }
  return volume.points.empty() ? std::string() : "<div class=\"card\">" + to_svg(volume) + "</div>\n";
}

std::string hypervolume_plots(const HypervolumeFile& file, const RunResults& results) {
  using Row = HypervolumeFile::Row;
  const auto ends = generation_ends(results);
  const bool hours = !ends.empty() && ends.rbegin()->second > 3 * 3600;
  return hypervolume_plot(file, "Hypervolume so far", "generation", true,
                          [](const Row& row) { return std::optional<double>(row.generation); }) +
         hypervolume_plot(file, "Hypervolume over models", "models scored", true,
                          [](const Row& row) { return std::optional<double>(static_cast<double>(row.models)); }) +
         hypervolume_plot(file, "Hypervolume over time",
                          hours ? "time of the run, pauses left out (h)" : "time of the run, pauses left out (min)",
                          false, [&](const Row& row) {
                            const auto end = ends.find(row.generation);
                            return end == ends.end() ? std::nullopt : std::optional(end->second / (hours ? 3600 : 60));
                          });
}

}  // namespace

std::string progress_section(const RunResults& results) {
  const auto& volumes = results.hypervolumes;
  const std::string note =
      volumes ? fmt::format(
                    "Hypervolume {:.6g}: the volume between the front and the reference, which the settings "
                    "alone decide: {}. log.txt and hypervolume.csv tell the same, and harmonic pareto of the "
                    "run's CSVs.",
                    volumes->rows.back().hypervolume, escape_html(volumes->axes.text()))
              : "This run has kept no hypervolumes (hypervolume.csv).";
  return fmt::format(
      "<h2 id=\"progress\">Progress</h2>\n<p class=\"note\">{}</p>\n<div class=\"plots\"><div "
      "class=\"card\">{}</div>{}</div>\n",
      note, best_metric_plot(results), volumes ? hypervolume_plots(*volumes, results) : "");
}

}  // namespace harmonic
