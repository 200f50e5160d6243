#include "master/report/workers_section.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/markup.hpp"
#include "core/base/text.hpp"
#include "master/report/energy_use.hpp"
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

/// Of all workers together. @param energies of those that have a meter
std::string phases_table(const std::vector<TimelineRow>& rows, const std::vector<WorkerEnergy>& energies) {
  const auto energy = together(energies);
  const auto cell = [&](double joules) {
    return energies.empty() ? Cell{"not measured"} : Cell{kwh_text(joules) + " kWh", true};
  };
  double all_s = 0;
  std::vector<std::vector<Cell>> table;
  struct Phase {
    TimelineKind kind;
    const char* name;
    int pieces = 0;
    double took_s = 0;
  };
  std::vector<Phase> phases;
  for (const auto& [kind, look, name] : chart_looks()) {
    Phase phase{kind, name};
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
                     cell(energy.work_j.contains(phase.kind) ? energy.work_j.at(phase.kind) : 0)});
  if (!energies.empty()) table.push_back({{"waited"}, {""}, {""}, {""}, cell(energy.waited_j)});
  table.push_back({{"<b>together</b>"}, {""}, {human_duration(all_s), true}, {""}, cell(energy.total_j())});
  return table_html(
      {{"phase"}, {"pieces of work", true}, {"workers' time", true}, {"share", true}, {"energy", !energies.empty()}},
      table);
}

std::string energy_note(const std::vector<WorkerEnergy>& energies, std::size_t workers) {
  if (energies.empty()) return "Energy is not measured: no worker has a meter that it may read.";
  return fmt::format(
      "Energy is what the meters of {} of {} workers count: of a worker on a GPU that alone, else the machine's "
      "processors, shared evenly by the workers there. Tries that failed are not in it.",
      energies.size(), workers);
}

/// The first of very many.
std::string workers_table(const std::vector<WorkerTimes>& workers, const std::vector<WorkerEnergy>& energies,
                          double total_s) {
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
    if (energies.empty()) continue;
    const auto energy = std::ranges::find(energies, worker.rank, &WorkerEnergy::rank);
    rows.back().push_back({energy == energies.end() ? "not measured" : kwh_text(energy->total_j()) + " kWh", true});
  }
  std::vector<Cell> header = {{"rank", true},    {"host"},         {"pieces done", true}, {"failed tries", true},
                              {"at work", true}, {"waited", true}, {"lost", true}};
  if (!energies.empty()) header.push_back({"energy", true});
  return table_html(header, rows);
}

}  // namespace

std::string workers_section(const RunResults& results) {
  const auto& rows = results.timeline;
  const RunClock clock(rows);
  const auto workers = worker_times(rows, clock);
  const auto energies = worker_energies(rows);
  if (workers.empty()) return {};
  const auto resumed = clock.resumed_s().size();
  return fmt::format(
      "<h2 id=\"workers\">Workers, time and energy</h2>\n<p class=\"note\">{} of the run{}, by the master's clock "
      "(timeline.csv). A piece of work ends when its answer comes. Training of the supernets came before the run, and "
      "is "
      "not in it. {}</p>\n{}<div class=\"card\">{}</div>\n{}{}",
      human_duration(clock.total_s()),
      resumed == 0   ? std::string()
      : resumed == 1 ? std::string(", gone on with once")
                     : fmt::format(", gone on with {} times", resumed),
      energy_note(energies, workers.size()), chart_legend(rows), worker_chart(rows, clock),
      phases_table(rows, energies), workers_table(workers, energies, clock.total_s()));
}

}  // namespace harmonic
