#include "master/report/workers_section.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "master/report/page.hpp"
#include "master/report/run_clock.hpp"
#include "master/report/worker_chart.hpp"

namespace harmonic {
namespace {

std::string share_of(double part, double whole) {
  return whole > 0 ? fmt::format("{:.0f} %", 100 * part / whole) : std::string("–");
}

std::string chart_legend(const std::vector<TimelineRow>& rows) {
  std::set<TimelineKind> there;
  for (const auto& row : rows) there.insert(row.kind);
  std::vector<std::pair<std::string_view, std::string>> looks;  // with what is drawn so
  for (const auto& [kind, look, name] : chart_looks()) {
    if (!there.contains(kind)) continue;
    if (looks.empty() || looks.back().first != look)
      looks.emplace_back(look, name);
    else
      looks.back().second += fmt::format(", {}", name);
  }
  std::string html = "<div class=\"legend\">";
  for (const auto& [look, names] : looks)
    html += fmt::format(
        "<span><svg class=\"plot symbol\" viewBox=\"0 0 18 18\" aria-hidden=\"true\"><rect class=\"work {}\" x=\"1\" "
        "y=\"3\" width=\"16\" height=\"12\"/></svg> {}</span>",
        look, names);
  return html + "<span>empty: waited</span></div>\n";
}

/// Of all workers together.
std::string phases_table(const std::vector<TimelineRow>& rows) {
  double all_s = 0;
  std::vector<std::vector<Cell>> table;
  struct Phase {
    const char* name;
    int pieces = 0;
    double took_s = 0;
  };
  std::vector<Phase> phases;
  for (const auto& [kind, look, name] : chart_looks()) {
    Phase phase{name};
    for (const auto& row : rows)
      if (row.kind == kind && row.ended_s > row.began_s) phase.pieces += 1, phase.took_s += row.ended_s - row.began_s;
    all_s += phase.took_s;
    if (phase.pieces > 0) phases.push_back(phase);
  }
  for (const auto& phase : phases)
    table.push_back({{phase.name},
                     {std::to_string(phase.pieces), true},
                     {human_duration(phase.took_s), true},
                     {share_of(phase.took_s, all_s), true},
                     {"not measured"}});
  table.push_back({{"<b>together</b>"}, {""}, {human_duration(all_s), true}, {""}, {"not measured"}});
  return table_html({{"phase"}, {"pieces of work", true}, {"workers' time", true}, {"share", true}, {"energy"}}, table);
}

/// The first of very many.
std::string workers_table(const std::vector<WorkerTimes>& workers, double total_s) {
  constexpr std::size_t kMost = 200;
  std::vector<std::vector<Cell>> rows;
  for (std::size_t w = 0; w < std::min(workers.size(), kMost); ++w) {
    const auto& worker = workers[w];
    const double waited_s = std::max(0.0, total_s - worker.busy_s - worker.lost_s);
    rows.push_back({{std::to_string(worker.rank.value), true},
                    {escape_html(worker.host)},
                    {std::to_string(worker.done), true},
                    {std::to_string(worker.failed), true},
                    {share_of(worker.busy_s, total_s), true},
                    {share_of(waited_s, total_s), true},
                    {share_of(worker.lost_s, total_s), true}});
  }
  return table_html({{"rank", true},
                     {"host"},
                     {"pieces done", true},
                     {"failed tries", true},
                     {"at work", true},
                     {"waited", true},
                     {"lost", true}},
                    rows);
}

}  // namespace

std::string workers_section(const RunResults& results) {
  const auto& rows = results.timeline;
  const RunClock clock(rows);
  const auto workers = worker_times(rows, clock);
  if (workers.empty()) return {};
  const auto resumed = clock.resumed_s().size();
  return fmt::format(
      "<h2 id=\"workers\">Workers, time and energy</h2>\n<p class=\"note\">{} of the run{}, by the master's clock "
      "(timeline.csv). A piece of work ends when its answer comes. Training of the supernets came before the run, and "
      "is "
      "not in it. Energy is not measured: there is no meter.</p>\n{}<div class=\"card\">{}</div>\n{}{}",
      human_duration(clock.total_s()),
      resumed == 0   ? std::string()
      : resumed == 1 ? std::string(", gone on with once")
                     : fmt::format(", gone on with {} times", resumed),
      chart_legend(rows), worker_chart(rows, clock), phases_table(rows), workers_table(workers, clock.total_s()));
}

}  // namespace harmonic
