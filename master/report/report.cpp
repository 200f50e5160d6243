#include "master/report/report.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/curves.hpp"
#include "master/report/device_comparison.hpp"
#include "master/report/evaluations.hpp"
#include "master/report/failures_section.hpp"
#include "master/report/front_section.hpp"
#include "master/report/model_cards.hpp"
#include "master/report/model_columns.hpp"
#include "master/report/model_text.hpp"
#include "master/report/page.hpp"
#include "master/report/page_assets.hpp"
#include "master/report/price_section.hpp"
#include "master/report/progress_section.hpp"
#include "master/report/provenance_section.hpp"
#include "master/report/report_data.hpp"
#include "master/report/settings_section.hpp"
#include "master/report/shown_models.hpp"
#include "master/report/trade_offs.hpp"
#include "master/report/workers_section.hpp"
#include "master/run/run_folder.hpp"
#include "master/run/run_paths.hpp"

namespace harmonic {
namespace {

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

/// Of a run that goes on: the page loads itself again. The script keeps the reader's place meanwhile, and stops when
/// the file has been the same for long: the run may have been killed.
constexpr std::string_view kReload = "<noscript><meta http-equiv=\"refresh\" content=\"60\"></noscript>\n";

std::string goes_on_html(double now_s) {
  return fmt::format(
      "<p class=\"banner\" id=\"goes-on\" data-written=\"{0:.0f}\">The search goes on. This is how it stood at {1:%F "
      "%T} "
      "UTC; the page is written anew about once a minute, and loads itself again.</p>\n",
      now_s, fmt::gmtime(static_cast<std::time_t>(now_s)));
}

}  // namespace

std::string report_html(const RunResults& results, const std::string& title, const ReportParts& parts) {
  std::string body =
      fmt::format("<h1>{}</h1>\n<p class=\"sub\">Modalities: {}. Devices: {}.</p>\n{}<p>{}</p>\n", escape_html(title),
                  escape_html(join(results.modalities, ", ")), escape_html(join(results.devices, ", ")),
                  parts.goes_on ? goes_on_html(wall_time_s()) : "", protocol_text(results));
  if (results.candidates.empty()) {
    body += "<p>No model has been scored yet.</p>\n";
  } else {
    const auto columns = model_columns(results);
    const auto shown = choose_shown(results, columns);
    body += tiles(results) + trade_offs(results, shown) + front_section(results) + parts.models +
            device_comparison(results) + price_section(results) + progress_section(results) +
            report_data_html(results, columns, shown);
  }
  body += workers_section(results) + parts.evaluations + failures_section(results) + provenance_section(results) +
          settings_section(results);
  return page_html(title, body, report_style(), report_script(), parts.goes_on ? kReload : "");
}

std::filesystem::path write_report(const std::filesystem::path& run_directory, std::optional<bool> goes_on) {
  const RunResults results = load_run_results(run_directory);
  const RunPaths paths{run_directory};
  const std::string name = std::filesystem::weakly_canonical(run_directory).filename().string();
  replace_file(paths.report(), report_html(results, "Harmonic search: " + name,
                                           {.models = model_cards_html(paths, results),
                                            .evaluations = evaluations_html(paths.models()),
                                            .goes_on = goes_on.value_or(is_running(paths))}));
  return paths.report();
}

}  // namespace harmonic
